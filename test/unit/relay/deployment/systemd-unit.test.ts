// The systemd unit: a command line that the relay understands, time and room for what it does, and no rights.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { relaySettings } from '../../../../relay/config.ts'
import { configFile, RELAY_COMMAND } from '../../../../relay/options.ts'
import { resolveConfig } from '../../../../shared/config.ts'
import { UsageError } from '../../../../shared/errors.ts'
import { ROOT } from '../../../support/program.ts'
import { scratchFolder } from '../../../support/scratch.ts'
import { needs } from '../../../support/left-out.ts'

const NAME = 'parley-relay.service'
const TEXT = readFileSync(join(ROOT, 'relay/deployment', NAME), 'utf8')
const CHECKOUT = '/opt/parley'

/** Where the exposure that systemd computes becomes "medium" is 5.0; without all that is here it is 9.2. */
const MOST_EXPOSED = 2

function setting(name: string): string {
  const found = new RegExp(`^${name}=(.*)$`, 'm').exec(TEXT)
  return found?.[1] ?? assert.fail(`no ${name}=`)
}

function relayOf(unit: typeof setting) {
  const [node = '', ...rest] = unit('ExecStart').split(' ')
  const script = rest.findIndex((word) => !word.startsWith('--'))
  const [name, value] = unit('Environment').split('=')
  const env = { [name ?? '']: value }
  const argv = rest.slice(script + 1)
  const resolved = resolveConfig(RELAY_COMMAND, { argv, env, version: '0' })
  assert.ok(resolved.kind === 'run')
  const settings = relaySettings(resolved, { env, platform: 'linux' })
  return { node, script: rest[script] ?? '', env, settings }
}

const SYSTEMD = spawnSync('systemd-analyze', ['--version'])
const major = Number(/^systemd (\d+)/.exec(String(SYSTEMD.stdout))?.[1] ?? 0)
// `security --offline` came with 250.
const skip = needs(major >= 250, 'there is no systemd 250 or newer here (apt-get install systemd)')

describe('the systemd unit', () => {
  it('runs the relay of a checkout, with its own Node, as nobody in particular', () => {
    const { node, script } = relayOf(setting)
    assert.equal(node, `${CHECKOUT}/node_modules/.bin/node`)
    assert.ok(script.startsWith(`${CHECKOUT}/`))
    assert.match(readFileSync(script.replace(CHECKOUT, ROOT), 'utf8'), /^#!.*node/)
    assert.equal(setting('DynamicUser'), 'yes')
    assert.match(setting('ExecStart'), / --max-semi-space-size=4 /)
  })

  it('keeps key and configuration in the one folder that can be written', () => {
    const { env, settings } = relayOf(setting)
    const folder = `/var/lib/${setting('StateDirectory')}/`
    const { file } = configFile(
      { config: undefined, identity: undefined },
      { env, platform: 'linux' }
    )
    for (const each of [settings.identityFile, file]) assert.ok(each.startsWith(folder), each)
    assert.equal(setting('ProtectSystem'), 'strict')
  })

  it('lets the relay drain, reload, and stop for good where another start would not help', () => {
    const { settings } = relayOf(setting)
    assert.ok(Number(setting('TimeoutStopSec')) >= settings.drainSeconds + 10)
    assert.match(setting('ExecReload'), /kill -HUP \$\{MAINPID\}'$/)
    assert.equal(setting('RestartPreventExitStatus'), String(new UsageError('x', 'x').exitCode))
  })

  it('has descriptors for what the limits let in', () => {
    const { limits } = relayOf(setting).settings
    assert.ok(Number(setting('LimitNOFILE')) >= 2 * limits.connections)
  })

  it('is understood by systemd, and leaves little exposed', { skip }, (t) => {
    const file = join(scratchFolder(t), NAME)
    writeFileSync(file, TEXT.replaceAll(CHECKOUT, ROOT))
    const verified = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' })
    // It looks at the machine's other units, too.
    const complaints = verified.stderr.split('\n').filter((line) => line.includes(NAME))
    assert.deepEqual([verified.status, complaints], [0, []])
    const threshold = `--threshold=${MOST_EXPOSED * 10}`
    const args = ['security', '--offline=yes', '--no-pager', threshold, file]
    const { status, stdout } = spawnSync('systemd-analyze', args, { encoding: 'utf8' })
    assert.equal(status, 0, stdout)
  })
})

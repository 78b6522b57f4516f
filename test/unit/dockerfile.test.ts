// The Dockerfile: what the image runs, as whom, and what goes into it.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { describe, it } from 'node:test'
import { relaySettings } from '../../relay/config.ts'
import { DEFAULT_PORT, REFLECT_DISTANCE, RELAY_COMMAND } from '../../relay/options.ts'
import { CHECK_PACE } from '../../relay/status/readiness.ts'
import { resolveConfig } from '../../shared/config.ts'
import { execForm, IMAGE, last, variableInImage } from '../support/dockerfile.ts'
import { ROOT } from '../support/program.ts'

describe('Dockerfile', () => {
  it('runs a relay with default options, not as root', () => {
    const [node, main, ...argv] = execForm('CMD')
    assert.deepEqual([node, main], ['node', 'relay/main.ts'])
    const env = { PARLEY_HOME: variableInImage('PARLEY_HOME') }
    const resolved = resolveConfig(RELAY_COMMAND, { argv, env, version: '0' })
    assert.ok(resolved.kind === 'run')
    const { listen, identityFile } = relaySettings(resolved, { env, platform: 'linux' })
    assert.ok(listen.every((text) => text.endsWith(`/tcp/${DEFAULT_PORT}`)))
    assert.equal(posix.dirname(identityFile), last('VOLUME'))
    assert.equal(last('EXPOSE'), `${DEFAULT_PORT} ${DEFAULT_PORT + REFLECT_DISTANCE}`)
    assert.equal(last('USER'), 'node')
  })

  it('asks for its health where a relay with default options tells it', () => {
    assert.deepEqual(execForm('HEALTHCHECK'), ['node', 'relay/health.ts'])
    const times = last('HEALTHCHECK')
    const seconds = (name: string): number =>
      Number(new RegExp(`--${name}=(\\d+)s`).exec(times)?.[1])
    // health.ts gives up after 4 s; the first self-check may take its whole timeout.
    assert.ok(seconds('timeout') > 4, times)
    assert.ok(seconds('start-period') * 1000 >= CHECK_PACE.timeoutMs, times)
  })

  it('runs programs that exist, and copies what .dockerignore lets through', () => {
    for (const command of [execForm('CMD'), execForm('HEALTHCHECK')]) {
      assert.ok(existsSync(join(ROOT, command[1] ?? 'nothing')), command.join(' '))
    }
    const allowed = readFileSync(join(ROOT, '.dockerignore'), 'utf8').split('\n')
    assert.ok(allowed.includes('*'))
    const copied = IMAGE.filter(([name, rest]) => name === 'COPY' && !rest.startsWith('--from'))
    const sources = copied.flatMap(([, rest]) => rest.split(' ').slice(0, -1))
    assert.deepEqual(
      [...new Set(sources)].toSorted(),
      allowed.flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : [])).toSorted()
    )
  })
})

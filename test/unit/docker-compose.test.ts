// The compose file: who meets whom, and command lines that the programs really understand.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { CHAT_COMMAND, chatSettings } from '../../peer/commands/chat-options.ts'
import { relaySettings } from '../../relay/config.ts'
import { DEFAULT_PORT, REFLECT_DISTANCE, RELAY_COMMAND } from '../../relay/options.ts'
import { resolveConfig } from '../../shared/config.ts'
import { variableInImage } from '../support/dockerfile.ts'
import { ROOT } from '../support/program.ts'
import { scratchFolder } from '../support/scratch.ts'
import { EXCUSED } from '../support/left-out.ts'

interface Service {
  build?: string
  image: string
  command?: string[]
  entrypoint?: string[]
  environment?: Record<string, string | null>
  depends_on?: Record<string, { condition: string }>
  networks?: string[]
  network_mode?: string
  ports?: string[]
  ulimits?: { nofile: number }
  volumes: string[]
  init?: boolean
  stdin_open?: boolean
  tty?: boolean
  [key: string]: unknown
}

interface ComposeFile {
  services: Record<'relay' | 'address' | 'alice' | 'bob', Service>
  networks: Record<string, unknown>
  volumes: Record<string, unknown>
}

const COMPOSE: ComposeFile = parse(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8'), {
  merge: true
})
const { relay, address, alice, bob } = COMPOSE.services
const PEERS = { alice, bob }
const HOME = variableInImage('PARLEY_HOME')
const SURROUNDINGS = { version: '0', env: { PARLEY_HOME: HOME } }
const RELAY_ADDRESS =
  '/dns4/relay/tcp/45678/p2p/12D3KooWEHUQf4tPKh6TeSX5WdAhMP5xmtLXQDAeWrfUW8TLKvvv'

describe('docker-compose.yml', () => {
  it('puts alice and bob on networks of their own, with the relay alone on both', () => {
    assert.deepEqual(relay.networks, ['left', 'right'])
    assert.deepEqual(alice.networks, ['left'])
    assert.deepEqual(bob.networks, ['right'])
    assert.deepEqual(Object.keys(COMPOSE.networks), ['left', 'right'])
    assert.equal(address.network_mode, 'none')
    for (const service of Object.values(COMPOSE.services)) assert.notEqual(service['pid'], 'host')
  })

  it('starts the relay alone, with its ports open to the world', () => {
    assert.equal(relay.depends_on, undefined)
    assert.equal(relay.command, undefined, 'the relay is what the image runs')
    const ports = [DEFAULT_PORT, DEFAULT_PORT + REFLECT_DISTANCE]
    assert.deepEqual(
      relay.ports,
      ports.map((port) => `${port}:${port}`)
    )
    const variables = Object.values(RELAY_COMMAND.options).map(
      (option) => 'env' in option && option.env
    )
    const known = new Set<string | false>(variables)
    const passed = Object.entries(relay.environment ?? {})
    assert.ok(passed.some(([name]) => name === RELAY_COMMAND.options.announce.env))
    for (const [name, value] of passed) assert.deepEqual([known.has(name), value], [true, null])
  })

  it('lets nothing write but to volumes, gain rights, or grow without an end', () => {
    for (const service of Object.values(COMPOSE.services)) {
      assert.deepEqual(
        [service['read_only'], service['cap_drop'], service['security_opt']],
        [true, ['ALL'], ['no-new-privileges:true']]
      )
      assert.ok(Number(service['pids_limit']) > 0)
      const logging: unknown = service['logging']
      assert.match(JSON.stringify(logging), /"max-size":"\d+m","max-file":"\d"/)
    }
    for (const service of [relay, alice, bob]) assert.match(String(service['mem_limit']), /^\d+m$/)
    assert.ok(Number(relay['cpus']) > 0)
  })

  it('gives the relay the descriptors that its limits need, and the time to drain', () => {
    const { limits, drainSeconds } = relaySettings(relayConfig([]), {
      env: SURROUNDINGS.env,
      platform: 'linux'
    })
    // As many again for what is refused at the door, the status page and the process itself.
    assert.ok(Number(relay.ulimits?.nofile) >= 2 * limits.connections)
    const grace = /^(\d+)s$/.exec(String(relay['stop_grace_period']))?.[1]
    assert.ok(Number(grace) >= drainSeconds + 5, grace)
  })

  it('has nothing that only one of compose 1.29 and 2 understands', () => {
    // `version` is obsolete in 2, `deploy` is ignored by 1, `start_interval` is unknown to it.
    assert.deepEqual(
      Object.keys(COMPOSE)
        .filter((key) => !key.startsWith('x-'))
        .toSorted(),
      ['networks', 'services', 'volumes']
    )
    assert.doesNotMatch(JSON.stringify(COMPOSE.services), /"(?:deploy|start_interval|develop)":/)
  })

  it('gives the peers command lines that `parley chat` understands, in one room', () => {
    const settings = Object.values(PEERS).map((peer) => chat(peer))
    assert.deepEqual(
      settings.map(({ name }) => name),
      Object.keys(PEERS)
    )
    assert.equal(settings[0]?.room, settings[1]?.room)
    for (const { relays } of settings) assert.deepEqual(relays, [RELAY_ADDRESS])
  })

  it('keeps the keys of relay, alice and bob in volumes that no other of them sees', () => {
    const states = [relay, alice, bob].map((service) => volumeAt(service, HOME))
    assert.equal(new Set(states).size, 3)
    for (const peer of Object.values(PEERS)) assert.ok(!mountsOf(peer).has(states[0] ?? ''))
    for (const { volumes } of Object.values(COMPOSE.services)) {
      for (const volume of volumes) assert.ok((volume.split(':')[0] ?? '') in COMPOSE.volumes)
    }
  })

  it('lets a person talk as alice and as bob, and sees that signals reach Node', () => {
    for (const { stdin_open: input, tty, init } of Object.values(PEERS)) {
      assert.deepEqual([input, tty, init], [true, true, true])
    }
    for (const { entrypoint } of Object.values(PEERS))
      assert.match(script(entrypoint), /exec "\$@"/)
  })

  it(
    "tells the peers the relay's address, with the id of the relay's own key",
    { skip: process.platform === 'win32' && EXCUSED.windows },
    (t) => {
      const folder = scratchFolder(t)
      const key = relaySettings(relayConfig([]), {
        env: { PARLEY_HOME: folder },
        platform: 'linux'
      })
      const shared = volumeAt(address, HOME)
      const keyFile = address.command?.at(-1) ?? ''
      // Where the address service sees the relay's key is where the relay's state is mounted.
      assert.equal(volumeAt(address, posix.dirname(keyFile)), volumeAt(relay, HOME))
      assert.equal(posix.basename(keyFile), posix.basename(key.identityFile))

      const program = [...(address.command ?? []).slice(0, -1), key.identityFile]
      shell(script(address.entrypoint).replaceAll(HOME, folder), program)
      for (const peer of Object.values(PEERS)) {
        const mounted = mountsOf(peer).get(shared) ?? assert.fail('no address file is mounted')
        const learnt = shell(script(peer.entrypoint).replaceAll(mounted, folder), [
          'printenv',
          CHAT_COMMAND.options.relay.env
        ])
        const id = shell('"$@"', program)
        assert.equal(learnt, `/dns4/relay/tcp/${DEFAULT_PORT}/p2p/${id}`)
        assert.deepEqual(chat(peer, learnt).relays, [learnt])
      }
    }
  )
})

function chat({ command = [] }: Service, relayAddress = RELAY_ADDRESS) {
  const [node, main, name, ...argv] = command
  assert.deepEqual([node, main, name], ['node', 'peer/main.ts', 'chat'])
  const env = { ...SURROUNDINGS.env, [CHAT_COMMAND.options.relay.env]: relayAddress }
  const resolved = resolveConfig(CHAT_COMMAND, { ...SURROUNDINGS, argv, env })
  assert.ok(resolved.kind === 'run')
  return chatSettings(resolved)
}

function relayConfig(argv: string[]) {
  const resolved = resolveConfig(RELAY_COMMAND, { ...SURROUNDINGS, argv })
  assert.ok(resolved.kind === 'run')
  return resolved
}

/** Volume → where the service sees it. */
const mountsOf = ({ volumes }: Service): Map<string, string> =>
  new Map(volumes.map((text) => text.split(':')).map(([from = '', to = '']) => [from, to]))

function volumeAt(service: Service, path: string): string {
  const found = [...mountsOf(service)].find(([, to]) => to === path)
  return found?.[0] ?? assert.fail(`nothing is mounted at ${path}`)
}

/** What `sh` gets to see of `sh -ec SCRIPT NAME`; compose writes `$$` for `$`. */
function script(entrypoint: string[] = []): string {
  const [sh, flags, text = ''] = entrypoint
  assert.deepEqual([sh, flags, entrypoint.length], ['sh', '-ec', 4])
  assert.doesNotMatch(text.replaceAll('$$', ''), /\$/)
  return text.replaceAll('$$', () => '$')
}

function shell(text: string, args: string[]): string {
  const argv = args.map((arg, at) => (at === 0 && arg === 'node' ? process.execPath : arg))
  return execFileSync('sh', ['-ec', text, 'test', ...argv], { cwd: ROOT, encoding: 'utf8' }).trim()
}

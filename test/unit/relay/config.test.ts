// The options of parley-relay: where each value comes from, and which are refused.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { relaySettings, type RelaySettings } from '../../../relay/config.ts'
import { DEFAULT_LIMITS } from '../../../relay/limits.ts'
import { configFile, RELAY_COMMAND } from '../../../relay/options.ts'
import { resolveConfig } from '../../../shared/config.ts'

function settings(argv: string[], env: Record<string, string> = {}): RelaySettings {
  const withHome = { HOME: '/home/op', ...env }
  const config = resolveConfig(RELAY_COMMAND, { argv, env: withHome, version: '1' })
  assert.ok(config.kind === 'run')
  return relaySettings(config, { env: withHome, platform: 'linux' })
}

const usage = { name: 'UsageError', exitCode: 2 }

describe('the options of parley-relay', () => {
  it('have defaults', () => {
    assert.deepEqual(settings([]), {
      listen: ['/ip4/0.0.0.0/tcp/45678', '/ip6/::/tcp/45678'],
      announce: [],
      identityFile: '/home/op/.local/state/parley/relay.key',
      drainSeconds: 8,
      limits: DEFAULT_LIMITS,
      status: { host: '127.0.0.1', port: 45679 },
      access: { allow: [], deny: [], rooms: [], secrets: [] },
      reflectPort: 'beside',
      json: false,
      verbose: false
    })
  })

  it('come from the environment, where commas separate addresses', () => {
    const env = {
      PARLEY_LISTEN: '/ip4/1.2.3.4/tcp/1, /ip6/::1/tcp/2',
      PARLEY_ANNOUNCE: '/dns4/relay.example/tcp/3',
      PARLEY_IDENTITY: 'k',
      PARLEY_STATUS: 'off',
      PARLEY_REFLECT_PORT: '4003',
      PARLEY_JSON: '1'
    }
    assert.deepEqual(settings([], env), {
      listen: ['/ip4/1.2.3.4/tcp/1', '/ip6/::1/tcp/2'],
      announce: ['/dns4/relay.example/tcp/3'],
      identityFile: 'k',
      drainSeconds: 8,
      limits: DEFAULT_LIMITS,
      status: undefined,
      access: { allow: [], deny: [], rooms: [], secrets: [] },
      reflectPort: 4003,
      json: true,
      verbose: false
    })
  })

  it('on the command line overrule the environment', () => {
    const given = settings(['--listen', '/ip4/5.6.7.8/tcp/9', '--identity', 'mine', '--no-json'], {
      PARLEY_LISTEN: '/ip4/1.2.3.4/tcp/1',
      PARLEY_IDENTITY: 'k',
      PARLEY_JSON: '1'
    })
    assert.deepEqual(given.listen, ['/ip4/5.6.7.8/tcp/9'])
    assert.equal(given.identityFile, 'mine')
    assert.equal(given.json, false)
  })

  it('are refused when an address cannot be right, with the option that gave it', () => {
    assert.throws(() => settings(['--listen', '/ip4/1.2.3/tcp/4']), {
      ...usage,
      message: /--listen/
    })
    assert.throws(() => settings(['--listen', '/ip4/1.2.3.4/udp/4/quic-v1']), usage)
    assert.throws(() => settings([], { PARLEY_ANNOUNCE: '/ip4/0.0.0.0/tcp/1' }), {
      ...usage,
      message: /PARLEY_ANNOUNCE/
    })
    assert.throws(() => settings(['--status', '45679']), { ...usage, message: /--status/ })
    for (const port of ['0', '65536', '4003/tcp', 'on']) {
      assert.throws(() => settings(['--reflect-port', port]), {
        ...usage,
        message: /--reflect-port/
      })
    }
    assert.throws(() => settings(['--port', '1']), { ...usage, message: /--port/ })
    assert.throws(() => settings(['kitchen']), usage)
  })

  it('drain in time for docker stop, and are whole seconds', () => {
    assert.ok(settings([]).drainSeconds < 10)
    assert.equal(settings(['--drain', '30']).drainSeconds, 30)
    assert.equal(settings([], { PARLEY_DRAIN: '0' }).drainSeconds, 0)
    for (const wrong of ['1.5', 'x', '0x10', '86401']) {
      assert.throws(() => settings(['--drain', wrong]), { ...usage, message: /--drain is "/ })
    }
    assert.throws(() => settings([], { PARLEY_DRAIN: '1s' }), { ...usage, message: /PARLEY_DRAIN/ })
  })

  it('may be limits, from every place at once', () => {
    const env = { PARLEY_LIMIT: 'circuits=2,reservations=2' }
    const { limits } = settings(['--limit', 'circuits=3'], env)
    assert.deepEqual(limits, { ...DEFAULT_LIMITS, circuits: 3, reservations: 2 })
  })

  it('find the configuration file that is named, or one beside the key', () => {
    const place = { env: { HOME: '/home/op' }, platform: 'linux' }
    const find = (config?: string, identity?: string) => configFile({ config, identity }, place)
    assert.deepEqual(find('a.yaml', '/keys/k'), { file: 'a.yaml', named: true })
    assert.deepEqual(find(undefined, '/keys/k'), { file: '/keys/relay.yaml', named: false })
    const file = '/home/op/.local/state/parley/relay.yaml'
    assert.deepEqual(find(), { file, named: false })
  })

  it('say who may use the relay, from lists of any origin', () => {
    const ann = '12D3KooWEHUQf4tPKh6TeSX5WdAhMP5xmtLXQDAeWrfUW8TLKvvv'
    const bob = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'
    const { access } = settings(
      ['--deny', bob, '--allow-room', 'kitchen', '--allow-room', 'a, b'],
      {
        PARLEY_ALLOW: `${ann}, ${bob}`
      }
    )
    assert.deepEqual(access, {
      allow: [ann, bob],
      deny: [bob],
      rooms: ['kitchen', 'a, b'],
      secrets: []
    })
    const refuses = (argv: string[], message: RegExp): void =>
      assert.throws(() => settings(argv), { ...usage, message })
    refuses(['--allow', 'ann'], /^"ann" of --allow is no peer id/)
    refuses(
      ['--allow-room', 'x'.repeat(256)],
      /^the room name of --allow-room is 256 .*at most 255/
    )
    refuses(
      ['--secret', 'correct horse battery'],
      /no option --secret: did you mean --secret-file\?$/
    )
  })

  it('say where the rooms are kept, with a password only outside the arguments', () => {
    assert.equal(settings(['--rooms', 'memory']).rooms, undefined)
    assert.equal(settings(['--rooms', 'redis://10.0.0.5']).rooms, 'redis://10.0.0.5')
    const secret = 'redis://:secret@10.0.0.5:6379/1'
    assert.equal(settings([], { PARLEY_ROOMS: secret }).rooms, secret)
    assert.throws(() => settings(['--rooms', secret]), { ...usage, message: /PARLEY_ROOMS$/ })
  })
})

// The options of `parley chat`: which values are refused, and in which words.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { resolveConfig } from '../../../../shared/config.ts'
import { UsageError } from '../../../../shared/errors.ts'
import {
  CHAT_COMMAND,
  chatSettings,
  type ChatSettings
} from '../../../../peer/commands/chat-options.ts'

const RELAY = '/ip4/203.0.113.7/tcp/45678/p2p/12D3KooWEHUQf4tPKh6TeSX5WdAhMP5xmtLXQDAeWrfUW8TLKvvv'

function settings(argv: string[], env: Record<string, string> = {}): ChatSettings {
  const resolved = resolveConfig(CHAT_COMMAND, { argv, env, version: '0' })
  assert.ok(resolved.kind === 'run')
  return chatSettings(resolved)
}

const refuses = (argv: string[], words: RegExp, env: Record<string, string> = {}): void =>
  assert.throws(
    () => settings(argv, env),
    (error: unknown) => {
      assert.ok(error instanceof UsageError)
      assert.match(error.message, words)
      return true
    }
  )

const announcing = (port: number): string[] => {
  const address = `/ip4/203.0.113.8/tcp/${port}`
  return ['--relay', RELAY, '--announce', address]
}

describe('the settings of a chat', () => {
  it('need no more than a relay', () => {
    assert.deepEqual(settings(['--relay', RELAY]), {
      room: 'lobby',
      name: undefined,
      relays: [RELAY],
      listen: ['/ip4/0.0.0.0/tcp/0', '/ip6/::/tcp/0'],
      announce: [],
      relayedOnly: false,
      portMapping: true,
      reportPunches: false
    })
  })

  it('can all come from the environment', () => {
    const env = {
      PARLEY_ROOM: 'kitchen',
      PARLEY_RELAY: `${RELAY},${RELAY.replace('203.0.113.7', '203.0.113.8')}`,
      PARLEY_NAME: 'ann: the cook',
      PARLEY_LISTEN: '/ip4/127.0.0.1/tcp/4000',
      PARLEY_ANNOUNCE: '/dns4/ann.example.org/tcp/4000',
      PARLEY_RELAYED_ONLY: '1',
      PARLEY_PORT_MAPPING: 'off',
      PARLEY_REPORT_PUNCHES: '1'
    }
    assert.deepEqual(settings([], env), {
      room: 'kitchen',
      name: 'ann· the cook',
      relays: [RELAY, RELAY.replace('203.0.113.7', '203.0.113.8')],
      listen: ['/ip4/127.0.0.1/tcp/4000'],
      announce: ['/dns4/ann.example.org/tcp/4000'],
      relayedOnly: true,
      portMapping: false,
      reportPunches: true
    })
  })

  it('say how to run a relay and how to name it when there is none', () => {
    refuses([], /no relay is given: run "parley-relay".*--relay MULTIADDR or PARLEY_RELAY/)
  })

  it('map ports or do not, and nothing between', () => {
    assert.equal(settings(['--relay', RELAY, '--port-mapping', 'off']).portMapping, false)
    refuses(['--relay', RELAY], /^PARLEY_PORT_MAPPING is "maybe": it is either on or off$/, {
      PARLEY_PORT_MAPPING: 'maybe'
    })
  })

  it('refuse a room name over 255 bytes, however few characters it has', () => {
    assert.equal(settings(['--relay', RELAY, 'é'.repeat(127)]).room, 'é'.repeat(127))
    refuses(['--relay', RELAY, 'é'.repeat(128)], /256 bytes/)
    refuses(['--relay', RELAY, ''], /empty/)
  })

  it('refuse a name that is too long or invisible', () => {
    refuses(['--relay', RELAY, '--name', 'x'.repeat(65)], /name of --name is longer than 64 bytes/)
    refuses(['--relay', RELAY], /name of PARLEY_NAME has nothing/, { PARLEY_NAME: '\u200D' })
  })

  it('refuse addresses that cannot be right, with the option that gave them', () => {
    refuses(['--relay', 'localhost:45678'], /relay address "localhost:45678" is malformed/)
    refuses(['--relay', RELAY, '--listen', '4000'], /"4000" of --listen is malformed/)
    refuses(['--relay', RELAY], /"4000" of PARLEY_ANNOUNCE is malformed/, {
      PARLEY_ANNOUNCE: '4000'
    })
  })

  it('refuse to announce a port that no peer dials', () => {
    refuses(announcing(22), /of --announce names a port of system services, which no peer dials/)
    for (const port of [80, 443, 1024]) assert.equal(settings(announcing(port)).announce.length, 1)
  })
})

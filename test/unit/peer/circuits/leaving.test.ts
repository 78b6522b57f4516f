// Which members are taken elsewhere when a relay stops, and through which relays.
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { leaveRelay } from '../../../../peer/circuits/leaving.ts'
import { CircuitMoves } from '../../../../peer/circuits/moves.ts'
import { EventLog } from '../../../support/event-log.ts'

const MEMBER = '12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq'
const LEAVING = '12D3KooWQYV9dGMFoRzNStwpXztXaBUjtPqi6aU76ZgUriHhKust'
const OTHER = '12D3KooWNvSZnPi3RrhrTwEY4LuuBeB6K6facKUCJcyWG1aoDd2p'

const DIRECT = '/ip4/192.0.2.1/tcp/4001'
const through = (relay: string): string => `/ip4/192.0.2.9/tcp/1/p2p/${relay}/p2p-circuit`

type End = [remote: string, direction: 'inbound' | 'outbound']

interface Scene {
  leave: () => string[]
  /** Where a connection to the member was asked for. */
  dialled: EventLog<string>
  open: (end: End) => void
}

/** One member, to whom there are these connections. */
function scene(t: TestContext, ends: End[], { isMember = true } = {}): Scene {
  const dialled = new EventLog<string>()
  const remotePeer = { toString: () => MEMBER }
  const open: object[] = []
  const add = ([remote, direction]: End): object => {
    const connection = { status: 'open', remotePeer, remoteAddr: multiaddr(remote), direction }
    open.push(connection)
    return connection
  }
  ends.forEach(add)
  const node = { getConnections: () => Object.assign([], open) }
  const moves = new CircuitMoves(
    {
      node,
      dialCircuit: async (address) => {
        dialled.note(address.toString())
        return Object.assign(Object.create(null), add([address.toString(), 'outbound']))
      },
      carrying: () => undefined
    },
    { signal: new AbortController().signal }
  )
  t.after(async () => moves[Symbol.asyncDispose]())
  const parts = {
    node,
    isMember: () => isMember,
    circuits: () => [LEAVING, OTHER].map((relay) => multiaddr(through(relay))),
    moves
  }
  return { leave: () => leaveRelay(LEAVING, parts), dialled, open: add }
}

describe('when a relay stops', () => {
  it('a member who is reached through it alone is dialled through another one, and not through it', async (t) => {
    const { leave, dialled } = scene(t, [[through(LEAVING), 'outbound']])
    assert.deepEqual(leave(), [MEMBER])
    await dialled.first(() => true)
    assert.deepEqual(dialled.events, [`${through(OTHER)}/p2p/${MEMBER}`])
  })

  it('who was dialled waits for the other side, and dials then', async (t) => {
    const { leave, dialled } = scene(t, [[through(LEAVING), 'inbound']])
    t.mock.timers.enable({ apis: ['setTimeout'] })
    assert.deepEqual(leave(), [MEMBER])
    await new Promise(setImmediate)
    assert.deepEqual(dialled.events, [])
    t.mock.timers.tick(1_000)
    await dialled.first(() => true)
  })

  it('who was dialled dials nobody when the other side has found a way', async (t) => {
    const { leave, dialled, open } = scene(t, [[through(LEAVING), 'inbound']])
    t.mock.timers.enable({ apis: ['setTimeout'] })
    leave()
    open([through(OTHER), 'inbound'])
    t.mock.timers.tick(1_000)
    await new Promise(setImmediate)
    assert.deepEqual(dialled.events, [])
  })

  const STAY: Array<[who: string, ends: End[], options?: { isMember: boolean }]> = [
    [
      'is direct',
      [
        [through(LEAVING), 'outbound'],
        [DIRECT, 'inbound']
      ]
    ],
    [
      'has a circuit elsewhere',
      [
        [through(LEAVING), 'outbound'],
        [through(OTHER), 'inbound']
      ]
    ],
    ['is reached elsewhere', [[through(OTHER), 'outbound']]],
    ['has left the room', [[through(LEAVING), 'outbound']], { isMember: false }]
  ]
  for (const [who, ends, options] of STAY) {
    it(`nobody dials one who ${who}`, async (t) => {
      const { leave, dialled } = scene(t, ends, options)
      assert.deepEqual(leave(), [])
      await new Promise(setImmediate)
      assert.deepEqual(dialled.events, [])
    })
  }
})

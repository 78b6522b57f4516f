// Punches that a relay has started: which addresses are dialled, how often, and when that ends.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import {
  MAX_DIALS_PER_CANDIDATE,
  MAX_DIALS_PER_HOST_AND_MINUTE,
  MAX_MEETINGS_AT_ONCE,
  MAX_MEETINGS_PER_PEER_AND_MINUTE
} from '../../../../peer/traversal/meeting-rules.ts'
import { MeetingPunches, type Signed } from '../../../../peer/traversal/meeting-punches.ts'
import type { RoundResult, TransportDial } from '../../../../peer/traversal/punch.ts'
import { PunchTable } from '../../../../shared/transport/punch-table.ts'
import { endlessDial } from '../../../support/racing-dials.ts'
import { somebody } from '../../../support/somebody.ts'

const OWN = multiaddr('/ip4/11.0.0.5/tcp/5000')

interface Stage {
  meetings: MeetingPunches
  dialled: string[]
  told: RoundResult[]
  punches: PunchTable
  stop: () => void
}

/** Nobody is ever reached: each dial is refused at once, or whatever `dial` does. */
function stage({ dial = refuse, nowMs = () => performance.now() } = {}): Stage {
  const dialled: string[] = []
  const told: RoundResult[] = []
  const punches = new PunchTable()
  const stopped = new AbortController()
  const meetings = new MeetingPunches(
    {
      node: { getConnections: () => [], addEventListener: ignore, removeEventListener: ignore },
      selfId: 'self',
      dial: async (address, options) => {
        dialled.push(address.decapsulate('/p2p').toString())
        return dial(address, options)
      },
      punches,
      reuse: { available: true },
      own: () => ({ mapped: [OWN], announced: [], listening: [] }),
      relays: () => [multiaddr('/ip4/7.7.7.1/tcp/4001')],
      nameOf: () => 'mal',
      onMeeting: (_, result) => told.push(result),
      nowMs
    },
    stopped.signal
  )
  return { meetings, dialled, told, punches, stop: () => stopped.abort() }
}

const ignore = (): void => undefined

const refuse: TransportDial = async () => {
  throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })
}

async function signed(addresses: string[], more: Partial<Signed> = {}): Promise<Signed> {
  const named = addresses.map((address) => multiaddr(address))
  return { peer: await somebody(), addresses: named, sequence: Date.now(), ...more }
}

describe('a meeting', () => {
  it('dials what was signed and nothing else, again while it is refused, and says how it ended', async () => {
    const { meetings, dialled, told, punches } = stage()
    const address = '/ip4/11.0.0.9/tcp/6000'
    await meetings.meet(
      await signed([address, '/ip4/127.0.0.1/tcp/6000', '/ip4/10.1.1.1/tcp/6000'])
    )
    assert.deepEqual(new Set(dialled), new Set([address]))
    assert.ok(dialled.length > 1 && dialled.length <= MAX_DIALS_PER_CANDIDATE, `${dialled.length}`)
    assert.deepEqual(
      told.map(({ via, outcome, candidates }) => ({ via, outcome, candidates })),
      [{ via: 'meeting', outcome: 'failed', candidates: [address] }]
    )
    assert.equal(punches.match(multiaddr(address)), undefined, 'whoever comes from there later')
  })

  it('does not begin when there is nothing to dial, or the record is of another day', async () => {
    const { meetings, dialled, told } = stage()
    await meetings.meet(await signed([]))
    await meetings.meet(await signed(['/ip4/7.7.7.1/tcp/4001', '/ip4/11.0.0.9/tcp/22']))
    await meetings.meet(await signed(['/ip4/11.0.0.9/tcp/6000'], { sequence: 1 }))
    assert.deepEqual([dialled, told], [[], []])
  })

  it('is one at a time for each peer, and so many for all', async () => {
    const { meetings, dialled, stop } = stage({ dial: endlessDial })
    const running: Array<Promise<void>> = []
    for (let n = 0; n < 2 * MAX_MEETINGS_AT_ONCE; n += 1) {
      const each = await signed([`/ip4/11.0.1.${n + 1}/tcp/6000`])
      running.push(meetings.meet(each), meetings.meet(each))
    }
    assert.equal(dialled.length, MAX_MEETINGS_AT_ONCE)
    stop()
    await Promise.all(running)
  })

  it('comes to so many dials of one host, though hundreds name it', async () => {
    const { meetings, dialled } = stage()
    const ports = [6000, 6001, 6002, 6003, 6004, 6005]
    const hosts = ports.map((port) => `/ip4/11.0.0.9/tcp/${port}`)
    const crowd = await Promise.all(Array.from({ length: 300 }, async () => signed(hosts)))
    await Promise.all(crowd.map(async (each) => meetings.meet(each)))
    assert.equal(dialled.length, MAX_DIALS_PER_HOST_AND_MINUTE)
  })

  it('is called off for a round that takes over, and the peer has so many in a minute', async () => {
    const { meetings, dialled, told } = stage({ dial: endlessDial })
    const mal = await signed(['/ip4/11.0.0.9/tcp/6000'])
    for (let times = 0; times < 10; times += 1) {
      const meeting = meetings.meet(mal)
      await meetings.end(mal.peer.toString())
      await meeting
    }
    assert.equal(dialled.length, MAX_MEETINGS_PER_PEER_AND_MINUTE)
    assert.deepEqual(told, [], 'the round tells how it went')
  })

  it('tells the round for how long nobody has answered', async () => {
    let nowMs = 1_000
    const endAfter = async (meetings: MeetingPunches, ms: number): Promise<number> => {
      const mal = await signed(['/ip4/11.0.0.9/tcp/6000'])
      const meeting = meetings.meet(mal)
      nowMs += ms
      const inVainMs = await meetings.end(mal.peer.toString())
      await meeting
      return inVainMs
    }
    const { meetings: unanswered } = stage({ dial: endlessDial, nowMs: () => nowMs })
    assert.equal(await endAfter(unanswered, 250), 250)
    const { meetings: answered } = stage({
      dial: async (address, options) => {
        options.onConnect?.()
        return refuse(address, options)
      },
      nowMs: () => nowMs
    })
    assert.equal(await endAfter(answered, 250), 0)
    assert.equal(await unanswered.end((await somebody()).toString()), 0)
  })
})

// The race of dials, without a network and with the clock in hand.
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import {
  EAGER_DIALS,
  HANDSHAKES_MS,
  REDIAL_MS,
  SPACED_REDIAL_MS,
  TAKEN_REDIAL_MS,
  WINDOW_MS
} from '../../../../peer/traversal/plan.ts'
import { race, type RaceResult } from '../../../../peer/traversal/race.ts'
import { fakeClock, type FakeClock } from '../../../support/fake-clock.ts'
import { fakeConnection, RacingDials } from '../../../support/racing-dials.ts'

const LAN = '/ip4/192.168.1.6/tcp/4001'
const NAT = '/ip4/7.7.7.2/tcp/4001'

interface Scene {
  clock: FakeClock
  dials: RacingDials
  caller: AbortController
  result: Promise<RaceResult>
}

function start(test: TestContext, candidates: string[], each?: RacingDials['each']): Scene {
  const clock = fakeClock(test)
  const dials = new RacingDials(() => clock.nowMs)
  if (each !== undefined) dials.each = each
  const caller = new AbortController()
  const result = race({
    candidates: candidates.map((text) => multiaddr(text)),
    dial: dials.dial,
    connected: dials.connected,
    isNat: (candidate) => candidate.toString() === NAT,
    signal: caller.signal,
    random: () => 0.5
  })
  result.catch(() => undefined)
  return { clock, dials, caller, result }
}

const plain = ({ outcome, ...rest }: RaceResult): unknown =>
  outcome === 'failed' && 'errors' in rest
    ? Object.fromEntries(
        [...rest.errors].map(([lane, counts]) => [lane, Object.fromEntries(counts)])
      )
    : outcome

describe('a race of dials', () => {
  it('dials all candidates at once', (t) => {
    const { dials } = start(t, [LAN, NAT])
    assert.deepEqual(
      dials.dials.map(({ candidate, atMs }) => [candidate, atMs]),
      [
        [LAN, 0],
        [NAT, 0]
      ]
    )
  })

  it('is won by the first connection, and the dials that lost are called off', async (t) => {
    const { clock, dials, result } = start(t, [LAN, NAT])
    const connection = fakeConnection()
    dials.dials[1]?.succeed(connection)
    assert.deepEqual(await result, { outcome: 'direct', connection })
    await clock.pass(WINDOW_MS * 2, 100)
    assert.deepEqual(
      dials.dials.map(({ signal }) => signal.aborted),
      [true, false],
      'aborting the dial that won would close its connection'
    )
  })

  it('is won by a connection that was accepted, too', async (t) => {
    const { clock, dials, result } = start(t, [LAN, NAT])
    const connection = fakeConnection()
    dials.accept(connection)
    assert.deepEqual(await result, { outcome: 'direct', connection })
    await clock.settle()
    assert.deepEqual(
      dials.dials.map(({ signal }) => signal.aborted),
      [true, true]
    )
  })

  it('dials again and again while it is refused, and wins when it is let in', async (t) => {
    const { clock, dials, result } = start(t, [NAT], (dial) => {
      if (dial.atMs < 4 * REDIAL_MS) dial.fail('connect ECONNREFUSED', 'ECONNREFUSED')
    })
    await clock.pass(6 * REDIAL_MS)
    const times = dials.dials.map(({ atMs }) => atMs)
    assert.deepEqual(
      times,
      [0, 1, 2, 3, 4].map((step) => step * REDIAL_MS)
    )
    dials.dials.at(-1)?.succeed(fakeConnection())
    assert.equal((await result).outcome, 'direct')
    await clock.pass(500, 25)
    assert.equal(dials.dials.length, 5, 'no dial after it was won')
  })

  it('spaces its dials out when refusals go on', async (t) => {
    const { clock, dials } = start(t, [NAT], (dial) =>
      dial.fail('connect ECONNREFUSED', 'ECONNREFUSED')
    )
    const eagerMs = EAGER_DIALS * REDIAL_MS
    await clock.pass(eagerMs + 5 * SPACED_REDIAL_MS, REDIAL_MS)
    const times = dials.dials.map(({ atMs }) => atMs)
    assert.equal(times[EAGER_DIALS - 1], eagerMs - REDIAL_MS)
    assert.deepEqual(
      times.slice(EAGER_DIALS),
      [1, 2, 3, 4, 5].map((step) => eagerMs - REDIAL_MS + step * SPACED_REDIAL_MS)
    )
  })

  it('waits after EADDRNOTAVAIL, when the SYN of the other side was first', async (t) => {
    const { clock, dials } = start(t, [NAT], (dial) => dial.fail('connect', 'EADDRNOTAVAIL'))
    await clock.pass(2 * TAKEN_REDIAL_MS + 20, 10)
    assert.deepEqual(
      dials.dials.map(({ atMs }) => atMs),
      [0, TAKEN_REDIAL_MS, 2 * TAKEN_REDIAL_MS]
    )
  })

  it('lets a dial that nobody answers stand for the whole window', async (t) => {
    const { clock, dials } = start(t, [NAT])
    await clock.pass(WINDOW_MS - 1, WINDOW_MS - 1)
    assert.deepEqual(
      dials.dials.map(({ signal }) => signal.aborted),
      [false]
    )
  })

  it('does not let one candidate hold up another', async (t) => {
    const { clock, dials } = start(t, [LAN, NAT], (dial) => {
      if (dial.candidate === NAT) dial.fail('connect ECONNREFUSED', 'ECONNREFUSED')
    })
    await clock.pass(4 * REDIAL_MS)
    assert.deepEqual(
      [LAN, NAT].map((lane) => dials.dials.filter(({ candidate }) => candidate === lane).length),
      [1, 5]
    )
  })

  it('ends with its window, and tells how often each candidate failed and how', async (t) => {
    const { clock, dials, result } = start(t, [LAN, NAT], (dial) => {
      if (dial.candidate === LAN) dial.fail('connect EINVAL', 'EINVAL')
      else if (dial.atMs < 2 * REDIAL_MS) dial.fail('connect ECONNREFUSED', 'ECONNREFUSED')
      else if (dial.atMs === 2 * REDIAL_MS) dial.fail('the remote is somebody else')
    })
    await clock.pass(100)
    await clock.pass(WINDOW_MS, 100)
    assert.deepEqual(plain(await result), {
      [LAN]: { EINVAL: 1 },
      [NAT]: { ECONNREFUSED: 2, 'the remote is somebody else': 1 }
    })
    assert.ok(dials.dials.at(-1)?.signal.aborted, 'the last dial was called off')
  })

  it('lets handshakes that have begun go on beyond its window, and nothing else', async (t) => {
    const { clock, dials, result } = start(t, [LAN, NAT])
    dials.dials[1]?.connect()
    await clock.pass(WINDOW_MS + HANDSHAKES_MS - 100, 100)
    assert.deepEqual(
      dials.dials.map(({ signal }) => signal.aborted),
      [true, false]
    )
    dials.dials[1]?.succeed(fakeConnection())
    assert.equal((await result).outcome, 'direct')
  })

  it("lets the handshakes of the other side's SYN go on, too", async (t) => {
    const { clock, dials, result } = start(t, [LAN, NAT], (dial) => {
      if (dial.candidate === NAT) dial.fail('connect', 'EADDRNOTAVAIL')
    })
    await clock.pass(WINDOW_MS + HANDSHAKES_MS - 100, 100)
    assert.ok(dials.dials[0]?.signal.aborted)
    dials.accept(fakeConnection())
    assert.equal((await result).outcome, 'direct')
  })

  it('ends when there is nothing more of such handshakes', async (t) => {
    const { clock, result } = start(t, [NAT], (dial) => {
      const isTaken = dial.atMs < WINDOW_MS
      dial.fail('connect', isTaken ? 'EADDRNOTAVAIL' : 'ECONNREFUSED')
    })
    await clock.pass(WINDOW_MS + TAKEN_REDIAL_MS, 100)
    assert.deepEqual(plain(await result), { [NAT]: { EADDRNOTAVAIL: 5, ECONNREFUSED: 1 } })
  })

  it('ends when such handshakes fail, without another dial', async (t) => {
    const { clock, dials, result } = start(t, [NAT])
    dials.dials[0]?.connect()
    await clock.pass(WINDOW_MS, 100)
    dials.dials[0]?.fail('read ECONNRESET', 'ECONNRESET')
    assert.deepEqual(plain(await result), { [NAT]: { ECONNRESET: 1 } })
    await clock.pass(1_000, 100)
    assert.equal(dials.dials.length, 1)
  })

  it('ends when such handshakes take too long', async (t) => {
    const { clock, dials, result } = start(t, [NAT])
    dials.dials[0]?.connect()
    await clock.pass(WINDOW_MS + HANDSHAKES_MS, 100)
    assert.equal((await result).outcome, 'failed')
    await clock.settle()
    assert.ok(dials.dials[0]?.signal.aborted)
  })

  for (const [candidate, refused] of [
    [NAT, true],
    [LAN, false]
  ] as const) {
    it(`tells that it was refused where that means a NAT: ${refused} for ${candidate}`, async (t) => {
      const { clock, result } = start(t, [candidate], (dial) =>
        dial.fail('connect ECONNREFUSED', 'ECONNREFUSED')
      )
      await clock.pass(WINDOW_MS, 100)
      const failed = await result
      assert.equal('sawRst' in failed && failed.sawRst, refused)
    })
  }

  it('does not count a dial that it called off as a failure', async (t) => {
    const { clock, result } = start(t, [NAT])
    await clock.pass(WINDOW_MS + 100, 100)
    assert.deepEqual(plain(await result), {})
  })

  it('ends without a candidate as it does without an answer', async (t) => {
    const { clock, result } = start(t, [])
    await clock.pass(WINDOW_MS, 500)
    assert.deepEqual(plain(await result), {})
  })

  it('is given up with the reason of its caller, and leaves no dial behind', async (t) => {
    const { clock, dials, caller, result } = start(t, [LAN, NAT])
    caller.abort(new Error('the peer stops'))
    await assert.rejects(result, { message: 'the peer stops' })
    await clock.settle()
    assert.ok(dials.dials.every(({ signal }) => signal.aborted))
  })
})

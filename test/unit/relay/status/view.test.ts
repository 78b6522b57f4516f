// What the page gets of a snapshot, and how it words it.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DEFAULT_LIMITS, eachLimit, usageOf } from '../../../../relay/limits.ts'
import { statusView } from '../../../../relay/status/view.ts'
import { takeSnapshot } from '../../../../relay/status/snapshot.ts'
import { Tally } from '../../../../relay/status/tally.ts'
// @ts-expect-error The page's own code has no types: browsers run it as it is.
import { amount, duration, short } from '../../../../relay/status/page/words.js'

const insides = {
  startedAtMs: 0,
  peerId: 'me',
  addresses: () => ['/ip4/127.0.0.1/tcp/1'],
  circuits: () => [] as Array<ReturnType<typeof circuit>>,
  connections: () => [{ direction: 'inbound' as const, protocols: [] }],
  registrations: () => ({ count: 3, rooms: 2 }),
  usage: () => usageOf({ reservations: 500 }, DEFAULT_LIMITS),
  refusals: eachLimit(() => 0),
  draining: () => false
}
const circuit = (from: string, bytes: [number, number]) => ({
  from,
  to: 't',
  openedAtMs: 1,
  endsAtMs: 2,
  maxBytes: 100,
  bytes
})
const ABOUT = { health: { ready: true, sentence: 'fine' }, warnings: [], version: '1.2.3' }

describe('the view of a snapshot', () => {
  it('shows the newest of many reservations and says how many more there are', () => {
    const tally = new Tally({ 'reservation-seconds': 1 })
    for (let n = 0; n < 500; n++) {
      tally.note({ event: 'reservation', peer: `p${n}`, action: 'granted' }, n)
    }
    const snapshot = takeSnapshot(insides, tally, 1000)
    const { reservations, usage, connections } = statusView(snapshot, ABOUT)
    assert.deepEqual([reservations.rows.length, reservations.more, connections], [100, 400, 1])
    assert.equal(reservations.rows[0]?.peer, 'p499')
    assert.deepEqual(usage[0], { limit: 'reservations', used: 500, max: 512 })
  })

  it('shows circuits by what has passed, and adds it to what has passed through ended ones', () => {
    const tally = new Tally({ 'reservation-seconds': 1 })
    const closed = { event: 'circuit', from: 'a', to: 'b', action: 'closed' } as const
    tally.note({ ...closed, reason: 'it was closed', bytes: 1000 }, 0)
    const open = [circuit('a', [1, 2]), circuit('b', [50, 1])]
    const busy = { ...insides, circuits: () => open }
    const view = statusView(takeSnapshot(busy, tally, 9), ABOUT)
    assert.deepEqual(
      view.circuits.rows.map(({ from }) => from),
      ['b', 'a']
    )
    assert.equal(view.totals.bytes, 1054)
  })
})

describe('the words of the page', () => {
  it('have amounts and times that fit on a phone', () => {
    assert.deepEqual([0, 999, 1000, 66_400_000, 999_999_999_999_999].map(amount), [
      '0 B',
      '999 B',
      '1.0 kB',
      '66.4 MB',
      '1000 TB'
    ])
    const minute = 60_000
    assert.deepEqual(
      [-5, 59_000, minute, 61 * minute, 47 * 60 * minute, 72 * 60 * minute].map(duration),
      ['0 s', '59 s', '1 min', '1 h 1 min', '47 h 0 min', '3 days']
    )
    assert.equal(short('12D3KooWEHUQf4tPKh6TeSX5WdAhMP5xmtLXQDAeWrfUW8TLKvvv'), '…W8TLKvvv')
  })
})

// When acknowledgements fail to come: doubt first, the end of the stream later.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { AckWatch } from '../../../../peer/conversation/ack-watch.ts'
import { type FakeClock, fakeClock } from '../../../support/fake-clock.ts'

const TIMING = { stallMs: 1_500, ackTimeoutMs: 15_000, slowestBytesPerMs: 16 }

interface Ledger {
  oldestBytes: number
  acknowledged: number
}

interface Watched {
  ledger: Ledger
  watch: AckWatch
  clock: FakeClock
  /** What it has told, with the moment. */
  told: Array<[number, string]>
}

function watched(t: TestContext, oldestBytes = 1): Watched {
  const ledger = { oldestBytes, acknowledged: 0 }
  const clock = fakeClock(t)
  const told: Watched['told'] = []
  const watch = new AckWatch({
    timing: TIMING,
    oldestBytes: () => ledger.oldestBytes,
    acknowledged: () => ledger.acknowledged,
    onStall: () => void told.push([clock.nowMs, 'stall']),
    onLate: ({ message }) => void told.push([clock.nowMs, message])
  })
  return { ledger, watch, clock, told }
}

test('what is on its way and not acknowledged is a stall, again and again, and in the end given up', async (t) => {
  const { watch, clock, told } = watched(t)
  watch.sent()
  await clock.pass(20_000, 100)
  assert.deepEqual(
    told.filter(([, what]) => what === 'stall').map(([atMs]) => atMs),
    Array.from({ length: 9 }, (_, index) => 1_500 * (index + 1))
  )
  assert.deepEqual(told.at(-1), [15_000, 'nothing was acknowledged for 15 s'])
})

test('every acknowledgement begins the wait anew, and the last one ends it', async (t) => {
  const { watch, clock, told } = watched(t)
  watch.sent()
  for (let times = 0; times < 20; times++) {
    await clock.pass(1_400, 100)
    watch.acknowledged({ onTheWay: true })
  }
  watch.acknowledged({ onTheWay: false })
  await clock.pass(20_000, 100)
  assert.deepEqual(told, [])
})

test('sending more does not put off the doubt about what was sent before', async (t) => {
  const { watch, clock, told } = watched(t)
  for (let times = 0; times < 20; times++) {
    watch.sent()
    await clock.pass(100, 100)
  }
  assert.deepEqual(told, [[1_500, 'stall']])
})

test('a slow line has the time that a long message takes', async (t) => {
  const { watch, clock, told } = watched(t, 160_000)
  watch.sent()
  await clock.pass(11_400, 100)
  assert.deepEqual(told, [])
  await clock.pass(200, 100)
  assert.deepEqual(told, [[11_500, 'stall']])
})

test('a process that stood still does not blame the remote', async (t) => {
  const { watch, clock, told } = watched(t)
  watch.sent()
  await clock.pass(30_000, 30_000)
  assert.deepEqual(told, [], 'thirty seconds in one step, as after SIGCONT')
  await clock.pass(1_600, 100)
  assert.deepEqual(told, [[31_500, 'stall']])
})

test('nothing is told once it has been stopped', async (t) => {
  const { watch, clock, told } = watched(t)
  watch.sent()
  watch.stop()
  await clock.pass(20_000, 100)
  assert.deepEqual(told, [])
})

test('what was acknowledged on the stream before is waited for no longer', async (t) => {
  const { ledger, watch, clock, told } = watched(t)
  watch.sent()
  await clock.pass(1_000, 100)
  ledger.oldestBytes = 0
  await clock.pass(20_000, 100)
  assert.deepEqual(told, [])
  ledger.oldestBytes = 1
  watch.sent()
  await clock.pass(1_600, 100)
  assert.equal(told.length, 1, 'and what is sent later is watched again')
})

test('an acknowledgement on the stream before is progress on this one', async (t) => {
  const { ledger, watch, clock, told } = watched(t)
  watch.sent()
  for (let times = 0; times < 20; times++) {
    await clock.pass(1_400, 100)
    ledger.acknowledged += 1
  }
  assert.deepEqual(told, [])
})

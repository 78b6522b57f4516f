// How far the trying has come when a peer's circuits come and go.
import assert from 'node:assert/strict'
import test from 'node:test'
import type { Connection } from '@libp2p/interface'
import { LOST_PAUSE_MS, pauseAfterLosses } from '../../../../peer/traversal/plan.ts'
import type { FakeClock } from '../../../support/fake-clock.ts'
import {
  circuitToBen,
  closeCircuit,
  upgradeScene as scene
} from '../../../support/upgrade-scene.ts'

/** As go's relays have it: a circuit of two minutes, renewed when a fifth of them is left. */
const CIRCUIT_SECONDS = 120
const RENEWED_AFTER_MS = 96_000
/** The old circuit stays so long beside the new one. */
const BESIDE_MS = 10_000

/** A circuit whose seconds run. */
function limited(clock: FakeClock): Connection {
  const endsMs = clock.nowMs + CIRCUIT_SECONDS * 1_000
  const circuit = circuitToBen()
  const seconds = (): number => (endsMs - clock.nowMs) / 1_000
  return Object.defineProperty(circuit, 'limits', { get: () => ({ seconds: seconds() }) })
}

test('a talk that moves from circuit to circuit does not make the rounds begin anew', async (t) => {
  const { upgrades, clock, rounds, by } = scene(t)
  let old = limited(clock)
  void upgrades.upgrade(old).catch(() => undefined)
  for (let moves = 0; moves < 38; moves += 1) {
    await clock.pass(RENEWED_AFTER_MS - (moves > 0 ? BESIDE_MS : 0), 500)
    const fresh = limited(clock)
    void upgrades.upgrade(fresh).catch(() => undefined)
    await clock.pass(BESIDE_MS, 500)
    closeCircuit(old)
    old = fresh
  }
  const attempts = rounds.map(([attempt]) => attempt)
  assert.deepEqual(
    attempts,
    attempts.map((_, index) => index + 1)
  )
  const hourly = attempts.length / (clock.nowMs / 3_600_000)
  assert.ok(hourly < 25, `${hourly} an hour`)
  const late = rounds.filter(([, atMs]) => clock.nowMs - atMs < 1_000_000)
  assert.ok(late.length >= 2, `${late.length} in the last 1000 s`)
  assert.ok(new Set(by).size > 5, 'by the circuits that stand')
})

test('a pause outlasts the circuit in which it began, and its round goes by the youngest', async (t) => {
  const { upgrades, clock, rounds, by } = scene(t)
  const old = limited(clock)
  void upgrades.upgrade(old).catch(() => undefined)
  await clock.pass(RENEWED_AFTER_MS, 500)
  const before = rounds.length
  const fresh = limited(clock)
  void upgrades.upgrade(fresh).catch(() => undefined)
  await clock.pass(1)
  closeCircuit(old)
  await clock.pass(1_000)
  assert.equal(rounds.length, before)
  await clock.pass(600_000, 1_000)
  assert.ok(rounds.length > before)
  assert.ok(by.slice(before).every((circuit) => circuit === fresh))
})

for (const [what, seconds] of [
  ['is not about to end', 60],
  ['has no limit', undefined]
] as const) {
  test(`a circuit beside one that ${what} is of a peer that has been away: quick rounds again`, async (t) => {
    const { upgrades, clock, rounds, circuit, by } = scene(t)
    const old = seconds === undefined ? circuit : limited(clock)
    void upgrades.upgrade(old).catch(() => undefined)
    await clock.pass(seconds === undefined ? 400_000 : seconds * 1_000, 500)
    const before = rounds.length
    const fresh = limited(clock)
    void upgrades.upgrade(fresh).catch(() => undefined)
    await clock.pass(1)
    assert.deepEqual(rounds.slice(before), [[1, clock.nowMs]])
    assert.equal(by.at(-1), fresh)
    await clock.pass(3_000, 100)
    assert.ok(rounds.length >= before + 3)
  })
}

test('a peer that comes back when all its circuits have closed is tried as if it were new', async (t) => {
  const { upgrades, clock, rounds, circuit, close } = scene(t)
  const done = upgrades.upgrade(circuit)
  await clock.pass(100_000, 1_000)
  close()
  await clock.pass(1)
  await done
  const before = rounds.length
  void upgrades.upgrade(limited(clock)).catch(() => undefined)
  await clock.pass(3_000, 100)
  assert.deepEqual(
    rounds.slice(before, before + 3).map(([attempt]) => attempt),
    [1, 2, 3]
  )
})

test('a peer that comes back while the last round by its old circuit runs is as new', async (t) => {
  const all = scene(t)
  const fresh = circuitToBen()
  void all.upgrades.upgrade(all.circuit).catch(() => undefined)
  await all.clock.pass(60_000, 500)
  const before = all.rounds.length
  all.becameDirect = () => {
    all.direct = false
    all.becameDirect = undefined
    all.close()
    void all.upgrades.upgrade(fresh).catch(() => undefined)
  }
  await all.clock.pass(120_000, 500)
  const attempts = all.rounds.slice(before).map(([attempt]) => attempt)
  assert.deepEqual(attempts.slice(0, 4), [before + 1, 2, 3, 4])
  assert.ok(all.by.slice(before + 1).every((circuit) => circuit === fresh))
})

test('a circuit that is joined does not cut short the care after a lost connection', async (t) => {
  const { upgrades, clock, rounds, circuit } = scene(t)
  for (const livedMs of [5, 5, 5]) upgrades.lost('ben', livedMs)
  void upgrades.upgrade(circuit).catch(() => undefined)
  await clock.pass(100)
  void upgrades.upgrade(circuitToBen()).catch(() => undefined)
  await clock.pass(pauseAfterLosses(3) - 200, 100)
  assert.equal(rounds.length, 0)
  await clock.pass(200, 100)
  assert.equal(rounds.length, 1)
})

test('a circuit that breaks beside the one it was to move to was left by a peer that went elsewhere', async (t) => {
  const { upgrades, clock, rounds } = scene(t)
  const old = limited(clock)
  void upgrades.upgrade(old).catch(() => undefined)
  await clock.pass(RENEWED_AFTER_MS, 500)
  void upgrades.upgrade(limited(clock)).catch(() => undefined)
  await clock.pass(5_000, 500)
  const before = rounds.length
  closeCircuit(old, 'aborted')
  await clock.pass(LOST_PAUSE_MS + 3_000, 100)
  const attempts = rounds.slice(before).map(([attempt]) => attempt)
  assert.deepEqual(attempts.slice(0, 2), [1, 2])
})

test('a circuit that its relay ends in time, before it is closed, is not the end of a path', async (t) => {
  const { upgrades, clock, rounds } = scene(t)
  const old = limited(clock)
  void upgrades.upgrade(old).catch(() => undefined)
  await clock.pass(RENEWED_AFTER_MS, 500)
  void upgrades.upgrade(limited(clock)).catch(() => undefined)
  await clock.pass(CIRCUIT_SECONDS * 1_000 - RENEWED_AFTER_MS, 500)
  closeCircuit(old, 'aborted')
  await clock.pass(100_000, 500)
  const attempts = rounds.map(([attempt]) => attempt)
  assert.deepEqual(
    attempts,
    attempts.map((_, index) => index + 1)
  )
})

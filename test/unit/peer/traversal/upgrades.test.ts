// How long, and how eagerly, a circuit is tried to be made direct.
import assert from 'node:assert/strict'
import test from 'node:test'
import {
  LASTING_MS,
  LOST_PAUSE_MS,
  pauseAfter,
  pauseAfterLosses,
  REFUSED_PAUSE_MS,
  ROUNDS
} from '../../../../peer/traversal/plan.ts'
import { upgradeScene as scene } from '../../../support/upgrade-scene.ts'

test('rounds follow one another quickly, then ever more slowly, and never stop', async (t) => {
  const { upgrades, clock, rounds, circuit } = scene(t)
  void upgrades.upgrade(circuit).catch(() => undefined)
  await clock.pass(3_600_000, 1_000)
  assert.ok(rounds.length > ROUNDS + 5, `${rounds.length} in an hour`)
  assert.ok(rounds.length < 40, `${rounds.length} in an hour`)
  const quick = Array.from({ length: ROUNDS }, (_, index) =>
    pauseAfter({ attempt: index + 1, sawRst: false, random: 1 })
  )
  const quickMs = quick.reduce((sum, ms) => sum + ms, 0) + ROUNDS * 1_000
  assert.ok(rounds.filter(([, atMs]) => atMs < quickMs).length >= ROUNDS)
})

test('a NAT that has answered RST is left alone for a while', async (t) => {
  const all = scene(t)
  all.sawRst = true
  void all.upgrades.upgrade(all.circuit).catch(() => undefined)
  await all.clock.pass(REFUSED_PAUSE_MS - 100, 100)
  assert.equal(all.rounds.length, 1)
  await all.clock.pass(1_000, 100)
  assert.equal(all.rounds.length, 2)
})

test('a circuit that closes ends the trying at once', async (t) => {
  const { upgrades, clock, rounds, circuit, close } = scene(t)
  const done = upgrades.upgrade(circuit)
  await clock.pass(100_000, 1_000)
  const before = rounds.length
  close()
  await clock.pass(1)
  await done
  await clock.pass(1_000_000, 10_000)
  assert.equal(rounds.length, before)
})

test('nothing is tried beside a direct connection, also when it came by another way', async (t) => {
  const all = scene(t)
  const done = all.upgrades.upgrade(all.circuit)
  await all.clock.settle()
  all.direct = true
  await all.clock.pass(2_000, 100)
  await done
  assert.equal(all.rounds.length, 1)
})

test('a direct connection that is lost before its round returns is tried again, with care', async (t) => {
  const all = scene(t)
  all.becameDirect = () => {
    all.direct = false
    all.upgrades.lost('ben', 5)
    void all.upgrades.upgrade(all.circuit)
    all.becameDirect = () => undefined
  }
  const done = all.upgrades.upgrade(all.circuit)
  await all.clock.pass(pauseAfterLosses(1) - 100, 100)
  assert.equal(all.rounds.length, 1)
  await all.clock.pass(1_000, 100)
  await done
  assert.equal(all.rounds.length, 2)
})

test('a direct connection that closes politely before its round returns is not tried again at once', async (t) => {
  const all = scene(t)
  all.becameDirect = () => {
    all.direct = false
    all.becameDirect = () => undefined
  }
  const done = all.upgrades.upgrade(all.circuit)
  await all.clock.pass(LOST_PAUSE_MS - 100, 100)
  assert.equal(all.rounds.length, 1)
  await all.clock.pass(1_000, 100)
  await done
  assert.equal(all.rounds.length, 2)
})

test('a direct connection that is lost while there is no place for a round is tried again with care', async (t) => {
  const all = scene(t)
  all.full = true
  void all.upgrades.upgrade(all.circuit).catch(() => undefined)
  for (const livedMs of [5, 5, 5]) all.upgrades.lost('ben', livedMs)
  await all.clock.settle()
  all.full = false
  await all.clock.pass(pauseAfterLosses(3) - 100, 100)
  assert.equal(all.rounds.length, 0)
  await all.clock.pass(200, 100)
  assert.equal(all.rounds.length, 1)
})

test('a direct connection that is lost with its circuit is not tried again', async (t) => {
  const all = scene(t)
  all.becameDirect = () => {
    all.direct = false
    all.close()
  }
  await all.upgrades.upgrade(all.circuit)
  await all.clock.pass(100_000, 1_000)
  assert.equal(all.rounds.length, 1)
})

test('a changed network makes the pause end and the rounds quick again', async (t) => {
  const { upgrades, clock, rounds, circuit } = scene(t)
  void upgrades.upgrade(circuit).catch(() => undefined)
  await clock.pass(400_000, 1_000)
  const before = rounds.length
  upgrades.hurry()
  await clock.pass(1)
  assert.deepEqual(rounds.slice(before), [[1, clock.nowMs]])
  await clock.pass(3_000, 100)
  assert.ok(rounds.length >= before + 3)
})

test('one circuit is tried once at a time', async (t) => {
  const { upgrades, clock, rounds, circuit } = scene(t)
  void upgrades.upgrade(circuit).catch(() => undefined)
  await upgrades.upgrade(circuit)
  await clock.settle()
  assert.equal(rounds.length, 1)
})

test('after direct connections that died young it waits, after one that lasted it does not', async (t) => {
  const { upgrades, clock, rounds, circuit } = scene(t)
  upgrades.lost('ben', 500)
  upgrades.lost('ben', 500)
  void upgrades.upgrade(circuit).catch(() => undefined)
  await clock.pass(pauseAfterLosses(2) - 100, 100)
  assert.equal(rounds.length, 0)
  await clock.pass(200, 100)
  assert.equal(rounds.length, 1)
  upgrades.lost('ben', LASTING_MS)
  const other = Object.assign(Object.create(circuit), {})
  void upgrades.upgrade(other).catch(() => undefined)
  await clock.pass(1)
  assert.equal(rounds.length, 2)
})

test('a round for which there was no place is held when there is one, and counted then', async (t) => {
  const all = scene(t)
  all.full = true
  const done = all.upgrades.upgrade(all.circuit, { rounds: 1 })
  await all.clock.pass(10_000, 100)
  assert.equal(all.rounds.length, 0)
  all.full = false
  await all.clock.pass(2_000, 100)
  await done
  assert.deepEqual(
    all.rounds.map(([attempt]) => attempt),
    [1]
  )
})

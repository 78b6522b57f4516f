// How long a direction waits, with a clock made of numbers; and who has to go when too much is held.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HeldBytes } from '../../../../relay/circuit/held-bytes.ts'
import { Pacing } from '../../../../relay/circuit/pace.ts'
import { DEFAULT_LIMITS } from '../../../../relay/limits.ts'

describe('the pace of circuits', () => {
  const limits = { ...DEFAULT_LIMITS, 'circuit-bytes-per-second': 1000, 'bytes-per-second': 3000 }

  it('lets a second of bytes through at once, and makes a direction wait for the rest', () => {
    let nowMs = 0
    const pace = new Pacing(limits, () => nowMs).forDirection()
    assert.equal(pace.delayMs(1000), 0)
    assert.equal(pace.delayMs(500), 500)
    nowMs = 500
    assert.equal(pace.delayMs(100), 100)
  })

  it('makes all wait when together they are too fast', () => {
    const pacing = new Pacing(limits, () => 0)
    const delays = [1, 2, 3, 4].map(() => pacing.forDirection().delayMs(1000))
    assert.deepEqual(delays, [0, 0, 0, 1000 / 3])
  })

  it('says how much is used, long before anybody has to wait', () => {
    let nowMs = 0
    const pacing = new Pacing(limits, () => nowMs)
    const directions = [pacing.forDirection(), pacing.forDirection()]
    for (; nowMs < 10_000; nowMs += 100) {
      for (const pace of directions) assert.equal(pace.delayMs(25), 0)
    }
    assert.deepEqual(pacing.usage(), [{ limit: 'bytes-per-second', used: 500, max: 3000 }])
  })

  it('follows limits that change under it', () => {
    const live = { ...limits }
    const pace = new Pacing(live, () => 0).forDirection()
    assert.equal(pace.delayMs(2000), 1000)
    live['circuit-bytes-per-second'] = 100_000
    assert.equal(pace.delayMs(0), 10)
  })
})

const circuit = (bytes: number) => {
  const ended: string[] = []
  return { heldBytes: bytes, ended, end: (_: string, limit: string) => void ended.push(limit) }
}

describe('bytes that circuits hold', () => {
  it('end those that hold most, and no more than needed', () => {
    const held = new HeldBytes({ ...DEFAULT_LIMITS, 'held-bytes': 100 })
    const circuits = [10, 60, 50, 30].map(circuit)
    const leave = circuits.map((each) => held.add(each))
    held.look()
    assert.deepEqual(
      circuits.map(({ ended }) => ended),
      [[], ['held-bytes'], [], []]
    )
    for (const left of leave) left()
    assert.equal(held.total, 0)
  })

  it('end nobody while they fit', () => {
    const held = new HeldBytes({ ...DEFAULT_LIMITS, 'held-bytes': 100 })
    const one = circuit(100)
    const leave = held.add(one)
    held.look()
    leave()
    assert.deepEqual(one.ended, [])
  })
})

// How long a direction waits, with a clock made of numbers; and who has to go when too much is held.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HeldBytes } from '../../../../relay/circuit/held-bytes.ts'
import { Pacing } from '../../../../relay/circuit/pace.ts'
import { DEFAULT_LIMITS } from '../../../../relay/limits.ts'

const MIB = 1024 * 1024

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
    const large = { ...limits, 'circuit-bytes-per-second': MIB, 'bytes-per-second': 3 * MIB }
    const pacing = new Pacing(large, () => 0)
    const delays = [1, 2, 3, 4].map(() => pacing.forDirection().delayMs(MIB))
    assert.deepEqual(delays, [0, 0, 0, 1000 / 3])
  })

  it('says how much is used, long before anybody has to wait', () => {
    let nowMs = 0
    const pacing = new Pacing(limits, () => nowMs)
    const directions = [pacing.forDirection(), pacing.forDirection()]
    for (; nowMs < 10_000; nowMs += 100) {
      for (const pace of directions) assert.equal(pace.delayMs(25), 0)
    }
    assert.deepEqual(pacing.usage(), [
      { limit: 'circuit-bytes-per-second', used: 250, max: 1000 },
      { limit: 'bytes-per-second', used: 500, max: 3000 }
    ])
  })

  it('says how fast the fastest direction is, of those that are there', () => {
    const pacing = new Pacing(limits, () => 0)
    const used = (): number | undefined => pacing.usage()[0]?.used
    pacing.forDirection().delayMs(100)
    {
      using pace = pacing.forDirection()
      pace.delayMs(1000)
      assert.equal(used(), 200)
    }
    assert.equal(used(), 20)
  })

  it('follows limits that change under it', () => {
    const live = { ...limits }
    const pace = new Pacing(live, () => 0).forDirection()
    assert.equal(pace.delayMs(2000), 1000)
    live['circuit-bytes-per-second'] = 100_000
    assert.equal(pace.delayMs(0), 10)
  })
})

describe('a direction beside many that send as fast as they may', () => {
  const KIB = 1024
  const total = 32 * MIB
  /** Each of 2,048 directions may have 16 KiB a second. */
  const limits = { ...DEFAULT_LIMITS, circuits: 1024, 'bytes-per-second': total }

  interface Crowd {
    pacing: Pacing
    /** Lets a millisecond pass, in which everyone sends who may; how many bytes that were. */
    step: () => number
    /** The longest that one of them was told to wait so far. */
    longestMs: () => number
  }

  function crowd(count: number): Crowd {
    let nowMs = 0
    let longestMs = 0
    const pacing = new Pacing(limits, () => nowMs)
    const busy = Array.from({ length: count }, () => ({ pace: pacing.forDirection(), nextMs: 0 }))
    const step = (): number => {
      nowMs++
      const free = busy.filter(({ nextMs }) => nextMs <= nowMs)
      for (const each of free) {
        const delayMs = each.pace.delayMs(256 * KIB)
        longestMs = Math.max(longestMs, delayMs)
        each.nextMs = nowMs + delayMs
      }
      return free.length * 256 * KIB
    }
    return { pacing, step, longestMs: () => longestMs }
  }

  it('never waits for them while it keeps to its share, in small pieces or in one', () => {
    const { pacing, step, longestMs } = crowd(128)
    for (let ms = 0; ms < 3000; ms++) step()
    assert.ok(longestMs() > 500, `${longestMs()}`)
    const [chat, paste] = [pacing.forDirection(), pacing.forDirection()]
    assert.equal(paste.delayMs(64 * KIB), 0)
    for (let ms = 0; ms < 10_000; ms++) {
      step()
      if (ms % 100 === 0) assert.equal(chat.delayMs(1600), 0, `after ${ms} ms`)
    }
    assert.equal(paste.delayMs(64 * KIB), 0)
  })

  it('waits for them with what is more than its share, and has its share again soon', () => {
    const { pacing, step } = crowd(128)
    for (let ms = 0; ms < 3000; ms++) step()
    const pace = pacing.forDirection()
    assert.ok(pace.delayMs(MIB) > 0)
    assert.equal(pace.delayMs(64 * KIB), 0)
    assert.ok(pace.delayMs(16 * KIB) > 0)
    for (let ms = 0; ms < 1000; ms++) step()
    assert.equal(pace.delayMs(16 * KIB), 0)
  })

  it('takes its bytes from what they may send: the whole stays what it is', () => {
    const { pacing, step } = crowd(128)
    for (let ms = 0; ms < 3000; ms++) step()
    // 15 MiB a second.
    const chats = Array.from({ length: 1920 }, () => pacing.forDirection())
    let passed = 0
    for (let ms = 1; ms <= 20_000; ms++) {
      passed += step()
      if (ms % 500 > 0) continue
      for (const chat of chats) {
        assert.equal(chat.delayMs(4 * KIB), 0)
        passed += 4 * KIB
      }
    }
    // Half of the whole is the chats': what the others owe is a second's worth, and is paid half as fast.
    assert.ok(passed <= 22 * total, `${passed / total} seconds’ worth in 20 s`)
    assert.ok(passed >= 19 * total, `${passed / total} seconds’ worth in 20 s`)
  })

  it('waits although it has sent nothing yet when ever new ones use up all shares', () => {
    const { pacing, step } = crowd(128)
    for (let ms = 0; ms < 3000; ms++) step()
    let passed = 0
    for (let ms = 1; ms <= 10_000; ms++) {
      step()
      if (pacing.forDirection().delayMs(64 * KIB) === 0) passed += 64 * KIB
    }
    assert.ok(passed <= 11 * total, `${passed / total} seconds’ worth in 10 s`)
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

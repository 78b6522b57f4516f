// How long ordinary dials have before a volley, and what they come to meanwhile.
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { HeadStart, headStartMs, HOLD_MS } from '../../../../peer/traversal/head-start.ts'
import { fakeClock, type FakeClock } from '../../../support/fake-clock.ts'

describe('the head start of ordinary dials', () => {
  for (const [what, kind, soFar, expectedMs] of [
    ['a round trip before many sockets', 'aim', { rttMs: 80, inVainMs: 0 }, 80],
    ['a round trip, though they are long under way', 'aim', { rttMs: 80, inVainMs: 9_000 }, 80],
    ['a round trip between two that change ports', 'scatter', { rttMs: 80, inVainMs: 0 }, 80],
    ['no more than a bound', 'aim', { rttMs: 5_000, inVainMs: 0 }, 300],
    ['nothing before guesses', 'guess', { rttMs: 80, inVainMs: 0 }, 0]
  ] as const) {
    it(`is ${what}`, () => {
      assert.equal(headStartMs({ kind }, { ...soFar, isOpen: false }), expectedMs)
    })
  }

  for (const [what, kind, soFar, expectedMs] of [
    ['three round trips', 'guess', { rttMs: 80, inVainMs: 0 }, 240],
    ['what is left of them since the moment of meeting', 'aim', { rttMs: 80, inVainMs: 100 }, 140],
    ['one when that is longer ago', 'guess', { rttMs: 80, inVainMs: 9_000 }, 80]
  ] as const) {
    it(`is ${what} where a side has no NAT`, () => {
      assert.equal(headStartMs({ kind }, { ...soFar, isOpen: true }), expectedMs)
    })
  }
})

interface Scene {
  clock: FakeClock
  headStart: HeadStart
  /** When the volley was fired. */
  firedAtMs: number[]
}

function scene(t: TestContext): Scene {
  const clock = fakeClock(t)
  const firedAtMs: number[] = []
  const fire = (): void => void firedAtMs.push(clock.nowMs)
  return { clock, headStart: new HeadStart(100, fire), firedAtMs }
}

describe('a volley', () => {
  it('is fired once, when they have had their head start', async (t) => {
    const { clock, headStart, firedAtMs } = scene(t)
    await clock.pass(200)
    headStart.hold()
    await clock.pass(2 * HOLD_MS, 10)
    assert.deepEqual(firedAtMs, [100])
  })

  it('waits for what one of them has connected to', async (t) => {
    const { clock, headStart, firedAtMs } = scene(t)
    await clock.pass(60)
    headStart.hold()
    await clock.pass(2 * HOLD_MS)
    assert.deepEqual(firedAtMs, [60 + HOLD_MS])
  })

  it('is not fired when the round is over', async (t) => {
    const { clock, headStart, firedAtMs } = scene(t)
    await clock.pass(60)
    headStart[Symbol.dispose]()
    headStart.hold()
    await clock.pass(2 * HOLD_MS, 10)
    assert.deepEqual(firedAtMs, [])
  })
})

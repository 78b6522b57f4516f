// A wait that news can cut short, with the clock in hand.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Delay } from '../../../peer/delay.ts'
import { fakeClock } from '../../support/fake-clock.ts'

const { signal } = new AbortController()

describe('a wait', () => {
  it('ends when its time is over', async (t) => {
    const clock = fakeClock(t)
    const over = new Delay().wait(1_000, { signal }).then(() => clock.nowMs)
    await clock.pass(1_100, 10)
    assert.equal(await over, 1_000)
  })

  it('is cut short to what news leaves of it, and never made longer', async (t) => {
    const clock = fakeClock(t)
    const delay = new Delay()
    const over = delay.wait(30_000, { signal }).then(() => clock.nowMs)
    await clock.pass(500, 100)
    delay.atMost(2_000)
    await clock.pass(500, 100)
    delay.atMost(5_000)
    await clock.pass(1_600, 100)
    assert.equal(await over, 2_500)
  })

  it('leaves nothing for news that comes when it is over', async (t) => {
    const clock = fakeClock(t)
    const delay = new Delay()
    delay.atMost(0)
    const over = delay.wait(100, { signal }).then(() => clock.nowMs)
    await clock.pass(110, 10)
    assert.equal(await over, 100)
    delay.atMost(0)
    const again = delay.wait(100, { signal }).then(() => clock.nowMs)
    await clock.pass(110, 10)
    assert.equal(await again, 210)
  })

  it('ends with the reason of its signal', async () => {
    const controller = new AbortController()
    const waiting = new Delay().wait(60_000, { signal: controller.signal })
    controller.abort(new Error('the peer stops'))
    await assert.rejects(waiting, { message: 'the peer stops' })
    const late = new Delay().wait(1, { signal: controller.signal })
    await assert.rejects(late, { message: 'the peer stops' })
  })
})

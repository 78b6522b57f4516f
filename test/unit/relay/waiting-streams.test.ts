// Streams that have not said what they are for, and what stops counting them.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DEFAULT_LIMITS } from '../../../relay/limits.ts'
import { WaitingStreams } from '../../../relay/waiting-streams.ts'

const HOST = '10.0.0.1'
const TOLD = '/told/1.0.0'

const counting = (limits: Partial<typeof DEFAULT_LIMITS> = {}): WaitingStreams =>
  new WaitingStreams({ ...DEFAULT_LIMITS, ...limits }, [TOLD])
const stream = (protocol = ''): { protocol: string } => ({ protocol })
const used = (waiting: WaitingStreams): number[] => waiting.usage().map((each) => each.used)

describe('streams that wait', () => {
  it('are refused over the limit of a host, and another host is let in', () => {
    const waiting = counting({ 'waiting-streams-per-host': 2 })
    assert.equal(waiting.enter(stream(), HOST), undefined)
    assert.equal(waiting.enter(stream(), HOST), undefined)
    assert.equal(waiting.enter(stream(), HOST)?.limit, 'waiting-streams-per-host')
    assert.equal(waiting.enter(stream(), '10.0.0.2'), undefined)
    assert.deepEqual(used(waiting), [3, 2])
  })

  it('are refused over the limit of all', () => {
    const waiting = counting({ 'waiting-streams': 1 })
    assert.equal(waiting.enter(stream(), HOST), undefined)
    assert.equal(waiting.enter(stream(), '10.0.0.2')?.limit, 'waiting-streams')
  })

  it('wait no more when they have closed or asked, which may be told twice', () => {
    const waiting = counting({ 'waiting-streams-per-host': 1 })
    const first = stream()
    waiting.enter(first, HOST)
    waiting.settled(first)
    waiting.settled(first)
    waiting.settled(stream())
    assert.deepEqual(used(waiting), [0, 0])
    assert.equal(waiting.enter(stream(), HOST), undefined)
  })

  for (const limit of ['waiting-streams', 'waiting-streams-per-host'] as const) {
    it(`wait no more when their protocol is agreed, by ${limit}, unless it tells itself`, () => {
      const waiting = counting({ [limit]: 1 })
      const agreed = stream()
      waiting.enter(agreed, HOST)
      agreed.protocol = '/other/1.0.0'
      const told = stream()
      assert.equal(waiting.enter(told, HOST), undefined)
      told.protocol = TOLD
      assert.equal(waiting.enter(stream(), HOST)?.limit, limit)
      waiting.settled(told)
      assert.equal(waiting.enter(stream(), HOST), undefined)
    })
  }
})

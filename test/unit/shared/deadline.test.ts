// Signals that abort in time and leave nothing behind.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { deadline } from '../../../shared/deadline.ts'

describe('deadline', () => {
  it('aborts after its time, and says what was late', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    using limit = deadline(new AbortController().signal, 100, 'too late')
    t.mock.timers.tick(99)
    assert.equal(limit.signal.aborted, false)
    t.mock.timers.tick(1)
    assert.match(String(limit.signal.reason), /too late/)
  })

  it('aborts with the reason of its parent, also of one that is aborted already', () => {
    const parent = new AbortController()
    using before = deadline(parent.signal, 60_000, 'too late')
    parent.abort('leaving')
    using after = deadline(parent.signal, 60_000, 'too late')
    assert.equal(before.signal.reason, 'leaving')
    assert.equal(after.signal.reason, 'leaving')
  })

  it('is silent once disposed', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const parent = new AbortController()
    const limit = deadline(parent.signal, 100, 'too late')
    limit[Symbol.dispose]()
    t.mock.timers.tick(1000)
    parent.abort()
    assert.equal(limit.signal.aborted, false)
  })
})

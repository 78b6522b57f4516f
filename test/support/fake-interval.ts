// Repeating timers in the test's hand, and the clock on the wall with them; a step however long calls each once, as after a
// process was stopped.
import type { TestContext } from 'node:test'

export function fakeInterval(test: TestContext): { pass: (ms: number) => void } {
  let nowMs = 0
  const due = new Set<() => void>()
  test.mock.method(Date, 'now', () => nowMs)
  test.mock.method(globalThis, 'setInterval', (call: () => void) => {
    due.add(call)
    const timer = { unref: () => timer, call }
    return timer
  })
  test.mock.method(globalThis, 'clearInterval', (timer?: { call: () => void }) => {
    if (timer !== undefined) due.delete(timer.call)
  })
  return {
    pass: (ms) => {
      nowMs += ms
      for (const call of due) call()
    }
  }
}

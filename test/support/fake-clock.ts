// The time in the test's hand: timers, also those imported by name from node:timers/promises, and performance.now.
import { syncBuiltinESMExports } from 'node:module'
import type { TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'

export interface FakeClock {
  readonly nowMs: number
  /** Lets time pass in steps of `stepMs`, and what is due run between them. */
  pass(ms: number, stepMs?: number): Promise<void>
  /** Lets run what is due now. */
  settle(): Promise<void>
}

/** Until the test is over. */
export function fakeClock(test: TestContext): FakeClock {
  let nowMs = 0
  test.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
  syncBuiltinESMExports()
  test.mock.method(performance, 'now', () => nowMs)
  test.after(() => {
    test.mock.timers.reset()
    syncBuiltinESMExports()
  })
  return {
    get nowMs() {
      return nowMs
    },
    settle,
    pass: async (ms, stepMs = 1) => {
      await settle()
      for (let passedMs = 0; passedMs < ms; passedMs += stepMs) {
        nowMs += stepMs
        test.mock.timers.tick(stepMs)
        await settle()
      }
    }
  }
}

async function settle(): Promise<void> {
  await turn()
  await turn()
}

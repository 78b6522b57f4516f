// Takes over what would end the process, for tests of what is thrown in a turn of its own.
import type { TestContext } from 'node:test'

/** What was thrown and not caught from now on, until the end of the test; node:test would fail it. */
export function uncaught(test: TestContext): unknown[] {
  const thrown: unknown[] = []
  const before = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', (error) => void thrown.push(error))
  test.after(() => {
    process.removeAllListeners('uncaughtException')
    for (const listener of before) process.on('uncaughtException', listener)
  })
  return thrown
}

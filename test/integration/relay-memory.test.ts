// What a relay holds of a circuit whose receiver is slow: some windows, however much passes. A process of its own, so
// that its memory is the relay's alone; `npm run bench:relay` does the same with gigabytes.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { it } from 'node:test'
import { ourRelay } from '../bench/relay-programs.ts'
import { growthProblem, slowReceiver } from '../bench/relay-steps.ts'
import { needs } from '../support/left-out.ts'

const BYTES = 300e6
it(
  "a slow receiver does not fill the relay's memory",
  { skip: needs(existsSync('/proc/self/status'), 'the memory of a process is read from /proc') },
  async ({ signal }) => {
    await using relay = await ourRelay()({ signal })
    const figures = await slowReceiver(relay, { signal, bytes: BYTES })
    assert.equal(growthProblem(figures), undefined)
  }
)

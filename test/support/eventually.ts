// A wait for what nobody tells: looks again and again.
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

/** Longer than anything on loopback takes. */
const PATIENCE_MS = 15_000
const LOOK_AGAIN_MS = 10

/** Looks again until it holds; fails with what was last seen. */
export async function eventually<T>(
  look: () => Promise<T> | T,
  holds: (seen: T) => boolean,
  patienceMs = PATIENCE_MS
): Promise<T> {
  const endMs = performance.now() + patienceMs
  for (;;) {
    const seen = await look()
    if (holds(seen)) return seen
    assert.ok(performance.now() < endMs, `still not: ${JSON.stringify(seen)}`)
    await sleep(LOOK_AGAIN_MS)
  }
}

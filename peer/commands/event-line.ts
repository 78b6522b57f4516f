// The line of `--json` that carries an event.
import type { PeerEvent } from '../events.ts'

/** The event with `at`, the present in ISO 8601 with milliseconds; no newline. */
export function eventLine({ event, ...fields }: PeerEvent): string {
  return JSON.stringify({ event, at: new Date().toISOString(), ...fields })
}

// The line of `--json` that carries an event.
import { jsonLine } from '../../shared/json-line.ts'
import type { PeerEvent } from '../events.ts'

/** The event with `at`, the present in ISO 8601 with milliseconds; no newline. */
export function eventLine({ event, ...fields }: PeerEvent): string {
  return jsonLine({ event, at: new Date().toISOString(), ...fields })
}

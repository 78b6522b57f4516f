// The end of a relay that is told to stop: nothing new, the circuits that run get some time, everybody else is sent home.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Books } from './books.ts'
import type { RelayListener } from './events.ts'
import type { MeetingServer } from './meeting/server.ts'
import type { Reception } from './reception.ts'

export interface Drained {
  books: Books
  reception: Reception
  meetings: MeetingServer
}

export interface DrainOptions {
  seconds: number
  onEvent: RelayListener
  /** Ends the drain at once; circuits that still run are cut by whoever stops the relay. */
  signal: AbortSignal
}

/** Nobody notices a relay that stops this much later than it could. */
const LOOK_INTERVAL_MS = 50

/**
 * Resolves when no circuit is left, or the time is up. HOP has no word for it: Parley's peers are told on the
 * stream on which they listen for meetings, others by refusals and by the end of the connection, which comes as soon as
 * a peer has no circuit.
 */
export async function drain(
  { books: { admission, door }, reception, meetings }: Drained,
  { seconds, onEvent, signal }: DrainOptions
): Promise<void> {
  door.closed = true
  admission.draining = true
  meetings.leaving(seconds)
  const endsAtMs = performance.now() + seconds * 1000
  let told: number | undefined
  for (;;) {
    reception.sendHome()
    const { circuits } = admission
    const leftMs = endsAtMs - performance.now()
    if (circuits === 0 || leftMs <= 0 || signal.aborted) return
    if (circuits !== told) {
      onEvent({ event: 'draining', circuits, seconds: Math.ceil(leftMs / 1000) })
    }
    told = circuits
    await sleep(Math.min(LOOK_INTERVAL_MS, leftMs), undefined, { signal }).catch(() => {})
  }
}

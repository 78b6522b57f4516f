// Waits until the people of a room have said their names: a pipe may name somebody before they have.
import { deadline } from '../../shared/deadline.ts'
import type { Peer } from '../api.ts'

/** A name comes with the first bytes of a conversation: a connection over the relay and a round trip. */
const INTRODUCTION_TIMEOUT_MS = 5_000

/** Resolves when every member has a name, when that takes too long, or when the signal says so; never rejects. */
export async function introductions(peer: Peer, signal: AbortSignal): Promise<void> {
  const complete = (): boolean => peer.members.every(({ name }) => name !== undefined)
  if (complete()) return
  using limit = deadline(signal, INTRODUCTION_TIMEOUT_MS, 'not everybody said their name in time')
  const { promise, resolve } = Promise.withResolvers<void>()
  const unsubscribe = peer.subscribe(() => {
    if (complete()) resolve()
  })
  limit.signal.addEventListener('abort', () => resolve(), { once: true })
  if (limit.signal.aborted) resolve()
  await promise
  unsubscribe()
}

// The store of rooms that a relay was configured with: opened, watched, and told of.
import type { RelayListener } from '../events.ts'
import type { RelayLimits } from '../limits.ts'
import type { RoomStore } from './room-store.ts'
import { roomsPlace } from './redis/url.ts'

/** How long a relay waits for Redis at its start; then it serves all the same. */
const START_WAIT_MS = 2_000

/** Undefined where the memory of this process does. Peers that come first should find it ready. */
export async function openRoomStore(
  url: string | undefined,
  options: { signal: AbortSignal; onEvent: RelayListener; limits: Readonly<RelayLimits> }
): Promise<(RoomStore & AsyncDisposable) | undefined> {
  if (url === undefined) return undefined
  const { signal, onEvent, limits } = options
  const place = roomsPlace(url)
  // Whoever does not share rooms need not wait for the client to load.
  const { RedisStore } = await import('./redis/store.ts')
  const onAway = (reason: string): void =>
    onEvent({ event: 'rooms', action: 'unavailable', place, reason })
  const onBack = (): void => onEvent({ event: 'rooms', action: 'available', place })
  const store = new RedisStore({ url, onAway, onBack, settings: { limits } }, { signal })
  const waited = Promise.withResolvers<void>()
  const timer = setTimeout(waited.resolve, START_WAIT_MS)
  await Promise.race([store.tried, waited.promise])
  clearTimeout(timer)
  return store
}

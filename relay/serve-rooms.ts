// The rooms of a relay, in its own memory or in a store that several relays share.
import type { Libp2p, PeerId } from '@libp2p/interface'
import type { Books } from './books.ts'
import type { RelayListener } from './events.ts'
import { startMeetingServer, type MeetingServer } from './meeting/server.ts'
import { openRoomStore } from './rendezvous/open-store.ts'
import { startRendezvousServer, type RendezvousServer } from './rendezvous/server.ts'

export interface ServeRoomsOptions {
  signal: AbortSignal
  onEvent: RelayListener
  onOffence: (peer: PeerId) => void
  books: Books
  /** Gets what is to be disposed with the relay. */
  parts: AsyncDisposableStack
}

export interface ServedRooms {
  rooms: RendezvousServer
  meetings: MeetingServer
}

/** `place` is the URL of a shared store; undefined: the memory of this process. */
export async function serveRooms(
  node: Libp2p,
  place: string | undefined,
  { parts, ...options }: ServeRoomsOptions
): Promise<ServedRooms> {
  const { limits } = options.books
  const store = await openRoomStore(place, { ...options, limits })
  if (store !== undefined) parts.use(store)
  const meetings = parts.use(await startMeetingServer(node, options))
  const keep = { ...options, watcher: meetings, ...(store === undefined ? {} : { store }) }
  return { rooms: parts.use(await startRendezvousServer(node, keep)), meetings }
}

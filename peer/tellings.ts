// What the parts of a peer report, in the terms of its events. (pure)
import type { Carrier, ConversationEvent } from './conversation/api.ts'
import type { PathKind, PeerEvent } from './events.ts'

export function pathOf(
  carrier: Carrier | undefined,
  reason?: string
): { path: PathKind; address?: string; reason?: string } {
  const because = reason === undefined ? {} : { reason }
  if (carrier === undefined) return { path: 'none', ...because }
  return { path: carrier.direct ? 'direct' : 'relayed', address: carrier.address, ...because }
}

export function messageOf(
  event: Extract<ConversationEvent, { type: 'message' }>
): Extract<PeerEvent, { event: 'message' }> {
  const { peer, id, text, room, sentAtMs } = event
  const inRoom = room === undefined ? {} : { room }
  return { event: 'message', peer, ...inRoom, id, text, sentAt: new Date(sentAtMs).toISOString() }
}

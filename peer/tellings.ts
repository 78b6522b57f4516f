// What the parts of a peer report, in the terms of its events. (pure)
import { UserError } from '../shared/errors.ts'
import type { NatReport } from '../shared/wire/nat-report.ts'
import type { Carrier, ConversationEvent } from './conversation/api.ts'
import type { NatTold, PathKind, PeerEvent } from './events.ts'
import type { RoundResult } from './traversal/punch.ts'

export function pathOf(
  carrier: Carrier | undefined,
  reason?: string
): { path: PathKind; address?: string; reason?: string } {
  const because = reason === undefined ? {} : { reason }
  if (carrier === undefined) return { path: 'none', ...because }
  return { path: carrier.direct ? 'direct' : 'relayed', address: carrier.address, ...because }
}

/** What a peer tells of with the same words. `nameOf` knows the members of the room. */
export function tellingOf(
  event: Extract<
    ConversationEvent,
    { type: 'message' | 'sent' | 'unsent' | 'delivered' | 'waiting' | 'trouble' }
  >,
  nameOf: (peer: string) => string | undefined
): PeerEvent {
  switch (event.type) {
    case 'message': {
      const { peer, id, text, room, sentAtMs } = event
      const where = { ...named(nameOf(peer)), ...(room === undefined ? {} : { room }) }
      const sentAt = new Date(sentAtMs).toISOString()
      return { event: 'message', peer, ...where, id, text, sentAt }
    }
    case 'sent':
      return { event: 'sent', id: event.id, to: event.to }
    case 'unsent':
      return { event: 'error', code: 'not-sent', message: `not sent: ${event.reason}` }
    case 'delivered':
      return { event: 'delivered', id: event.id, peer: event.peer }
    case 'waiting': {
      const { peer, messages } = event
      return { event: 'waiting', peer, ...named(nameOf(peer)), messages }
    }
    case 'trouble': {
      const { error } = event
      const code = error instanceof UserError ? error.code : 'store-failed'
      return { event: 'error', code, message: error.message }
    }
    default:
      return event satisfies never
  }
}

export function punchTelling(
  peer: string,
  attempt: number,
  { via, role, candidates, outcome, reason, guess, ms }: RoundResult
): PeerEvent {
  const { own, other, count } = guess ?? {}
  return {
    event: 'punch',
    peer,
    attempt,
    via,
    role,
    candidates,
    outcome,
    ...(reason === undefined ? {} : { reason }),
    ...(own && other && { nats: { own: natTold(own), other: natTold(other) } }),
    ...(count && { guesses: count.fired }),
    ms
  }
}

const natTold = ({ mapping, ports, seenPorts }: NatReport): NatTold => ({
  mapping,
  ports,
  seen: seenPorts
})

const named = (name: string | undefined): { name?: string } => (name === undefined ? {} : { name })

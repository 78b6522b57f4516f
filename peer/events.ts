// What a peer tells those who watch it: the objects that `--json` prints, one a line, with `at` added.

import type { NatMapping, NatPorts } from '../shared/wire/nat-report.ts'

export type PathKind = 'direct' | 'relayed' | 'none'

/** `seen`: ports at which relays have seen that side, oldest first. */
export interface NatTold {
  mapping: NatMapping
  ports: NatPorts
  seen: number[]
}

/** Fields may be added, never renamed: scripts read them. Peers and relays are peer ids, `ms` milliseconds. */
export type PeerEvent =
  | { event: 'started'; peerId: string; name: string; addresses: string[] }
  | {
      event: 'relay'
      /** Unknown while nobody has answered at an address without `/p2p/…`; changes when another relay answers there. */
      relay?: string
      /** As it was named. */
      address: string
      /** `reserved` comes again when the relay announces other limits. */
      state: 'connecting' | 'reserved' | 'refused' | 'lost'
      reason?: string
      /** When `reserved`: until when, unless it is renewed before; ISO 8601. */
      expiresAt?: string
      /** When `reserved`: what one circuit may use; an absent field is no limit. */
      limit?: { seconds?: number; bytes?: number }
    }
  | {
      event: 'relay-leaving'
      /** It is about to stop, and gives nobody a place any more; `lost` follows. */
      relay: string
      /** As it was named. */
      address: string
      /** So long circuits through it may go on. */
      seconds: number
      /** Peers whose conversation is relayed there: it moves, when another relay or a direct path is found. */
      relayed: string[]
    }
  | {
      event: 'port-mapping'
      /** `none`: there was one, or it was tried in vain. */
      state: 'mapped' | 'none'
      /** When `mapped`: how the router was asked, its own address, and where it forwards to us from. */
      method?: 'PCP' | 'NAT-PMP' | 'UPnP'
      router?: string
      address?: string
      reason?: string
    }
  | { event: 'discovered'; peer: string; name?: string; room: string }
  | { event: 'left'; peer: string; name?: string; room: string }
  | {
      event: 'path'
      peer: string
      name?: string
      path: PathKind
      was: PathKind
      address?: string
      /** Why it changed, or why it is not direct. */
      reason?: string
      /** Since the first try to reach that peer. */
      ms: number
    }
  | {
      event: 'punch'
      peer: string
      /** Rounds over the circuit, from 1; 0 is the punch at the moment of meeting. */
      attempt: number
      /** How both sides came to dial: agreed on over a circuit, or told of each other by a relay in one instant. */
      via: 'dcutr' | 'meeting'
      role: 'initiator' | 'responder'
      candidates: string[]
      outcome: 'direct' | 'failed'
      reason?: string
      /** What the two NATs do with ports, as the two sides told each other. */
      nats?: { own: NatTold; other: NatTold }
      /** Sockets fired at guessed ports. */
      guesses?: number
      ms: number
    }
  | {
      event: 'message'
      peer: string
      name?: string
      room?: string
      id: string
      text: string
      sentAt: string
    }
  /** It is on disk, and arrives at these peers now or when they are met again. */
  | { event: 'sent'; id: string; to: string[] }
  | { event: 'delivered'; id: string; peer: string }
  /** That peer has gone before it had everything: so many messages are delivered when it is met again. */
  | { event: 'waiting'; peer: string; name?: string; messages: number }
  /** `id` and `peer` of the message that the code `undelivered` is about. */
  | { event: 'error'; code: string; message: string; id?: string; peer?: string }
  | { event: 'stopped' }

// Who is in the room, by which path, and what is told of it. (pure: time is an argument, events go to a callback)
import type { Multiaddr } from '@multiformats/multiaddr'
import { foldedName, harmlessName } from '../shared/harmless.ts'
import { CHAT_LIMITS } from '../shared/wire/chat.ts'
import type { Member } from './api.ts'
import type { PathKind, PeerEvent } from './events.ts'

/** Where the room learnt of a member, by relay; the empty list means that only the member itself said so. */
interface MemberState {
  peer: string
  name?: string
  /** Relay, by the address it was named with → the addresses registered there. */
  registered: Map<string, Multiaddr[]>
  announced: boolean
  /** Paths found before it was announced: a newcomer is told of first, with its name. */
  untold: PeerEvent[]
  path: PathKind
  address?: string
  reason?: string
  /** When we first tried to reach it. */
  sinceMs: number
  /** Since when there is no path; undefined while there is one. */
  pathlessSinceMs: number | undefined
}

/** A room larger than this is not one that people talk in; more are not taken up. */
export const MAX_MEMBERS = 256

/** A member without a path and without a registration is given this long: networks and relays come back. */
export const ABSENCE_MS = 20_000

export class Room {
  readonly name: string
  readonly #tell: (event: PeerEvent) => void
  readonly #members = new Map<string, MemberState>()

  constructor(name: string, tell: (event: PeerEvent) => void) {
    this.name = name
    this.#tell = tell
  }

  get peers(): string[] {
    return [...this.#members.keys()]
  }

  has(peer: string): boolean {
    return this.#members.has(peer)
  }

  addresses(peer: string): Multiaddr[] {
    return [...(this.#members.get(peer)?.registered.values() ?? [])].flat()
  }

  nameOf(peer: string): string | undefined {
    return this.#members.get(peer)?.name
  }

  /** What it is called in a sentence: its name, made harmless; the end of its peer id where that says too little. */
  label(peer: string): string {
    const id = `…${peer.slice(-8)}`
    const name = this.nameOf(peer) ?? ''
    const shown = shownName(name)
    if (shown === '' || name === id) return id
    const folded = foldedName(shown)
    const taken = [...this.#members.values()].some(
      (other) => other.peer !== peer && foldedName(shownName(other.name ?? '')) === folded
    )
    return taken ? `${shown} (${id})` : shown
  }

  /** Peer ids of those with that name, or of the one with that peer id. */
  named(nameOrPeer: string): string[] {
    if (this.#members.has(nameOrPeer)) return [nameOrPeer]
    return [...this.#members.values()]
      .filter(({ name }) => name === nameOrPeer)
      .map(({ peer }) => peer)
  }

  list(undelivered: (peer: string) => number): Member[] {
    return [...this.#members.values()].map((member) => ({
      peer: member.peer,
      path: member.path,
      undelivered: undelivered(member.peer),
      ...(member.name === undefined ? {} : { name: member.name }),
      ...(member.address === undefined ? {} : { address: member.address }),
      ...(member.reason === undefined || member.path === 'direct' ? {} : { reason: member.reason })
    }))
  }

  /** A relay lists it. */
  registered(peer: string, relay: string, addresses: Multiaddr[], nowMs: number): void {
    this.#enter(peer, nowMs)?.registered.set(relay, addresses)
  }

  /** A relay no longer lists it. Whoever still talks to us stays. */
  unregistered(peer: string, relay: string): void {
    const member = this.#members.get(peer)
    member?.registered.delete(relay)
    if (member?.path === 'none' && member.registered.size === 0) this.leave(peer)
  }

  /** It introduced itself; quietly: to be announced later. True when it was not known before. */
  introduced(
    peer: string,
    name: string,
    nowMs: number,
    options: { quietly?: boolean } = {}
  ): boolean {
    const isNew = !this.#members.has(peer)
    const member = this.#enter(peer, nowMs)
    if (member === undefined) return false
    member.name = name
    if (options.quietly !== true) this.announce(peer)
    return isNew
  }

  /** Says that it is there, once; called when its name is known or has been waited for long enough. */
  announce(peer: string): void {
    const member = this.#members.get(peer)
    if (member === undefined || member.announced) return
    member.announced = true
    this.#tell({ event: 'discovered', peer, ...named(member), room: this.name })
    for (const event of member.untold.splice(0)) this.#tell({ ...event, ...named(member) })
  }

  leave(peer: string): void {
    const member = this.#members.get(peer)
    if (member === undefined) return
    this.#members.delete(peer)
    if (member.announced) this.#tell({ event: 'left', peer, ...named(member), room: this.name })
  }

  /** Another connection carries the conversation, or none does. */
  moved(
    peer: string,
    to: { path: PathKind; address?: string; reason?: string },
    nowMs: number
  ): void {
    const member = this.#members.get(peer)
    if (member === undefined) return
    const was = member.path
    if (was === to.path && member.address === to.address) return
    member.path = to.path
    member.pathlessSinceMs = to.path === 'none' ? nowMs : undefined
    if (to.address === undefined) delete member.address
    else member.address = to.address
    // Why there is no path is news; why it was not direct before says nothing about the next relayed path.
    if (to.path === 'none' && to.reason !== undefined) member.reason = to.reason
    else if (to.path !== 'relayed' || was !== 'relayed') delete member.reason
    // A first path needs no reason.
    this.#tellPath(member, was, was === 'none' && to.path !== 'none' ? undefined : to.reason, nowMs)
  }

  /** A punch failed: the path stays what it is, and this is why. Said again only when more than its numbers change. */
  staysRelayed(peer: string, reason: string, nowMs: number): void {
    const member = this.#members.get(peer)
    if (member === undefined || member.path !== 'relayed') return
    const isKnown = member.reason !== undefined && isAlike(member.reason, reason)
    member.reason = reason
    if (!isKnown) this.#tellPath(member, 'relayed', reason, nowMs)
  }

  /** Those who have neither a path nor a registration and have had their time; none of it counts before `fromMs`. */
  absent(nowMs: number, fromMs = 0): string[] {
    return [...this.#members.values()]
      .filter(({ registered, pathlessSinceMs }) => {
        return (
          registered.size === 0 &&
          pathlessSinceMs !== undefined &&
          nowMs - Math.max(pathlessSinceMs, fromMs) >= ABSENCE_MS
        )
      })
      .map(({ peer }) => peer)
  }

  #enter(peer: string, nowMs: number): MemberState | undefined {
    const known = this.#members.get(peer)
    if (known !== undefined) return known
    if (this.#members.size >= MAX_MEMBERS) return undefined
    const member: MemberState = {
      peer,
      registered: new Map(),
      announced: false,
      untold: [],
      path: 'none',
      sinceMs: nowMs,
      pathlessSinceMs: nowMs
    }
    this.#members.set(peer, member)
    return member
  }

  #tellPath(member: MemberState, was: PathKind, reason: string | undefined, nowMs: number): void {
    const tell = member.announced
      ? this.#tell
      : (event: PeerEvent) => void member.untold.push(event)
    tell({
      event: 'path',
      peer: member.peer,
      ...named(member),
      path: member.path,
      was,
      ...(member.address === undefined ? {} : { address: member.address }),
      ...(reason === undefined ? {} : { reason }),
      ms: Math.round(nowMs - member.sinceMs)
    })
  }
}

function named({ name }: MemberState): { name?: string } {
  return name === undefined ? {} : { name }
}

/** How often something was tried, and the ports that a NAT gave, are others each time. */
const isAlike = (one: string, other: string): boolean =>
  one.replaceAll(/\d+/g, '#') === other.replaceAll(/\d+/g, '#')

const shownName = (name: string): string => harmlessName(name, CHAT_LIMITS.maxNameBytes)

// Who may have what, now: the relay's books of reservations and circuits. (pure: no I/O, the time is an argument)
import { CircuitStatus } from '../shared/wire/circuit.ts'
import { Access } from './access/access.ts'
import { Counter } from './counter.ts'
import { usageOf, type RelayLimits, type Usage } from './limits.ts'
import type { Why } from './why.ts'

/** What the remote is told, and what the operator reads. */
export interface Refusal extends Why {
  admitted: false
  /** One of CircuitStatus. */
  status: number
}

export interface ReservationGrant {
  admitted: true
  /** The peer had one already. */
  renewed: boolean
  expiresAtMs: number
}

/** What a circuit has taken, to be given back as it was: a reservation may move to another host meanwhile. */
export interface CircuitPlace {
  peers: readonly [from: string, to: string]
  /** One when both ends are there: it is places of the relay that hosts share, and the circuit takes one. */
  hosts: readonly string[]
}

export interface CircuitGrant {
  admitted: true
  place: CircuitPlace
}

interface Reservation {
  host: string
  expiresAtMs: number
}

/** Peers are peer ids; a host is whatever shares one fate: an IPv4 address, an IPv6 /64. */
export class Admission {
  readonly #limits: Readonly<RelayLimits>
  readonly #access: Pick<Access, 'refuses'>
  /** The relay is about to stop: nothing new is admitted, and nothing is renewed. */
  draining = false
  readonly #reservations = new Map<string, Reservation>()
  readonly #reservationsByHost = new Counter()
  readonly #circuitsByPeer = new Counter()
  readonly #circuitsByHost = new Counter()
  #circuits = 0

  /** Both may change at any time: what is granted stays granted. */
  constructor(limits: Readonly<RelayLimits>, access: Pick<Access, 'refuses'> = new Access()) {
    this.#limits = limits
    this.#access = access
  }

  get reservations(): number {
    return this.#reservations.size
  }

  get circuits(): number {
    return this.#circuits
  }

  /** Grants, or renews, a reservation. A renewal from another host moves it there. */
  reserve(peer: string, host: string, nowMs: number): ReservationGrant | Refusal {
    const denied = this.#access.refuses(peer)
    if (denied !== undefined) return refusal(CircuitStatus.PERMISSION_DENIED, denied)
    const { RESERVATION_REFUSED } = CircuitStatus
    if (this.draining) return refusal(RESERVATION_REFUSED, DRAINING)
    const current = this.#reservations.get(peer)
    const full = this.#fullFor(host, current)
    if (full !== undefined) return refusal(RESERVATION_REFUSED, full)
    const expiresAtMs = nowMs + this.#limits['reservation-seconds'] * 1000
    this.release(peer)
    this.#reservations.set(peer, { host, expiresAtMs })
    this.#reservationsByHost.add(host)
    return { admitted: true, renewed: current !== undefined, expiresAtMs }
  }

  #fullFor(host: string, current: Reservation | undefined): Why | undefined {
    const { reservations, 'reservations-per-host': perHost } = this.#limits
    if (current === undefined && this.#reservations.size >= reservations) {
      return { limit: 'reservations', reason: `all ${reservations} reservations are taken` }
    }
    if (current?.host !== host && this.#reservationsByHost.of(host) >= perHost) {
      const reason = `${host} has ${perHost} reservations already`
      return { limit: 'reservations-per-host', reason }
    }
    return undefined
  }

  hasReservation(peer: string): boolean {
    return this.#reservations.has(peer)
  }

  hasCircuit(peer: string): boolean {
    return this.#circuitsByPeer.of(peer) > 0
  }

  /** Gives a reservation back; false when there was none. Circuits stay: their streams end them. */
  release(peer: string): boolean {
    const reservation = this.#reservations.get(peer)
    if (reservation === undefined) return false
    this.#reservations.delete(peer)
    this.#reservationsByHost.remove(reservation.host)
    return true
  }

  /** Releases what has run out, and says whose it was. */
  expire(nowMs: number): string[] {
    const expired = [...this.#reservations]
      .filter(([, { expiresAtMs }]) => expiresAtMs <= nowMs)
      .map(([peer]) => peer)
    for (const peer of expired) this.release(peer)
    return expired
  }

  /** When `expire` will next have something to do. */
  nextExpiryMs(): number | undefined {
    let next: number | undefined
    for (const { expiresAtMs } of this.#reservations.values()) {
      next = Math.min(next ?? expiresAtMs, expiresAtMs)
    }
    return next
  }

  /** Takes a place for a circuit; `closeCircuit` gives it back. The target's host is that of its reservation. */
  openCircuit(
    { peer: from, host }: { peer: string; host: string },
    to: string,
    nowMs: number
  ): CircuitGrant | Refusal {
    if (from === to) {
      return refusal(CircuitStatus.PERMISSION_DENIED, ITSELF)
    }
    const denied = this.#access.refuses(from)
    if (denied !== undefined) return refusal(CircuitStatus.PERMISSION_DENIED, denied)
    const { NO_RESERVATION, RESOURCE_LIMIT_EXCEEDED } = CircuitStatus
    if (this.draining) return refusal(RESOURCE_LIMIT_EXCEEDED, DRAINING)
    const target = this.#reservations.get(to)
    if (target === undefined || target.expiresAtMs <= nowMs) {
      return refusal(NO_RESERVATION, UNRESERVED)
    }
    const hosts = host === target.host ? [host] : [host, target.host]
    const place: CircuitPlace = { peers: [from, to], hosts }
    const full = this.#circuitsFullFor(place)
    if (full !== undefined) return refusal(RESOURCE_LIMIT_EXCEEDED, full)
    this.#circuits++
    for (const each of place.peers) this.#circuitsByPeer.add(each)
    for (const each of hosts) this.#circuitsByHost.add(each)
    return { admitted: true, place }
  }

  #circuitsFullFor({ peers: [from, to], hosts }: CircuitPlace): Why | undefined {
    const { circuits, 'circuits-per-peer': perPeer, 'circuits-per-host': perHost } = this.#limits
    if (this.#circuits >= circuits) {
      return { limit: 'circuits', reason: `all ${circuits} circuits are taken` }
    }
    const limit = 'circuits-per-peer'
    const has = `has ${perPeer} circuits already`
    if (this.#circuitsByPeer.of(from) >= perPeer)
      return { limit, reason: `the dialling peer ${has}` }
    if (this.#circuitsByPeer.of(to) >= perPeer) return { limit, reason: `the target ${has}` }
    const host = hosts.find((each) => this.#circuitsByHost.of(each) >= perHost)
    if (host === undefined) return undefined
    return { limit: 'circuits-per-host', reason: `${host} has ${perHost} circuits already` }
  }

  /** Once for every circuit that `openCircuit` admitted. */
  closeCircuit({ peers, hosts }: CircuitPlace): void {
    this.#circuits--
    for (const peer of peers) this.#circuitsByPeer.remove(peer)
    for (const host of hosts) this.#circuitsByHost.remove(host)
  }

  usage(): Usage[] {
    const used = {
      reservations: this.#reservations.size,
      'reservations-per-host': this.#reservationsByHost.most,
      circuits: this.#circuits,
      'circuits-per-peer': this.#circuitsByPeer.most,
      'circuits-per-host': this.#circuitsByHost.most
    } as const
    return usageOf(used, this.#limits)
  }
}

const DRAINING: Why = { reason: 'the relay is stopping' }
const ITSELF: Why = { reason: 'a peer asked for a circuit to itself' }
const UNRESERVED: Why = { reason: 'the target has no reservation' }

const refusal = (status: number, why: Why): Refusal => ({ admitted: false, status, ...why })

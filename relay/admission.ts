// Who may have what, now: the relay's books of reservations and circuits. (pure: no I/O, the time is an argument)
import { CircuitStatus } from '../shared/wire/circuit.ts'
import type { RelayLimits } from './circuit/limits.ts'

/** What the remote is told, and what the operator reads. */
export interface Refusal {
  admitted: false
  /** One of CircuitStatus. */
  status: number
  reason: string
}

export interface ReservationGrant {
  admitted: true
  /** The peer had one already. */
  renewed: boolean
  expiresAtMs: number
}

export interface CircuitGrant {
  admitted: true
}

interface Reservation {
  host: string
  expiresAtMs: number
}

/** Peers are peer ids; a host is whatever shares one fate: an IPv4 address, an IPv6 /64. */
export class Admission {
  readonly #limits: RelayLimits
  readonly #reservations = new Map<string, Reservation>()
  readonly #reservationsByHost = new Counter()
  readonly #circuitsByPeer = new Counter()
  #circuits = 0

  constructor(limits: RelayLimits) {
    this.#limits = limits
  }

  get reservations(): number {
    return this.#reservations.size
  }

  get circuits(): number {
    return this.#circuits
  }

  /** Grants, or renews, a reservation. A renewal from another host moves it there. */
  reserve(peer: string, host: string, nowMs: number): ReservationGrant | Refusal {
    const current = this.#reservations.get(peer)
    const full = this.#fullFor(host, current)
    if (full !== undefined) return refusal(CircuitStatus.RESERVATION_REFUSED, full)
    const expiresAtMs = nowMs + this.#limits.reservationTtlMs
    this.release(peer)
    this.#reservations.set(peer, { host, expiresAtMs })
    this.#reservationsByHost.add(host)
    return { admitted: true, renewed: current !== undefined, expiresAtMs }
  }

  #fullFor(host: string, current: Reservation | undefined): string | undefined {
    const { maxReservations, maxReservationsPerHost } = this.#limits
    if (current === undefined && this.#reservations.size >= maxReservations) {
      return `all ${maxReservations} reservations are taken`
    }
    if (current?.host !== host && this.#reservationsByHost.of(host) >= maxReservationsPerHost) {
      return `${host} has ${maxReservationsPerHost} reservations already`
    }
    return undefined
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

  /** Takes a place for a circuit; `closeCircuit` gives it back. */
  openCircuit(from: string, to: string, nowMs: number): CircuitGrant | Refusal {
    if (from === to) {
      return refusal(CircuitStatus.PERMISSION_DENIED, 'a peer asked for a circuit to itself')
    }
    const target = this.#reservations.get(to)
    if (target === undefined || target.expiresAtMs <= nowMs) {
      return refusal(CircuitStatus.NO_RESERVATION, 'the target has no reservation')
    }
    const full = this.#circuitsFullFor(from, to)
    if (full !== undefined) return refusal(CircuitStatus.RESOURCE_LIMIT_EXCEEDED, full)
    this.#circuits++
    this.#circuitsByPeer.add(from)
    this.#circuitsByPeer.add(to)
    return { admitted: true }
  }

  #circuitsFullFor(from: string, to: string): string | undefined {
    const { maxCircuits, maxCircuitsPerPeer } = this.#limits
    if (this.#circuits >= maxCircuits) return `all ${maxCircuits} circuits are taken`
    const has = `has ${maxCircuitsPerPeer} circuits already`
    if (this.#circuitsByPeer.of(from) >= maxCircuitsPerPeer) return `the dialling peer ${has}`
    if (this.#circuitsByPeer.of(to) >= maxCircuitsPerPeer) return `the target ${has}`
    return undefined
  }

  /** Once for every circuit that `openCircuit` admitted. */
  closeCircuit(from: string, to: string): void {
    this.#circuits--
    this.#circuitsByPeer.remove(from)
    this.#circuitsByPeer.remove(to)
  }
}

const refusal = (status: number, reason: string): Refusal => ({ admitted: false, status, reason })

/** Counts by key, and forgets a key at zero. */
class Counter {
  readonly #counts = new Map<string, number>()

  of(key: string): number {
    return this.#counts.get(key) ?? 0
  }

  add(key: string): void {
    this.#counts.set(key, this.of(key) + 1)
  }

  remove(key: string): void {
    const count = this.of(key) - 1
    if (count > 0) this.#counts.set(key, count)
    else this.#counts.delete(key)
  }
}

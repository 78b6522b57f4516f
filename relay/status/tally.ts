// What has happened since the start, counted from the relay's events: totals, and who is reserved. (pure)
import type { RelayEvent } from '../events.ts'
import type { RelayLimits } from '../limits.ts'
import type { PunchReport } from '../../shared/wire/report.ts'
import type { Why } from '../why.ts'
import { endName, refusalName } from './reason-names.ts'

export interface ReservationRow {
  peer: string
  sinceMs: number
  untilMs: number
}

export interface Totals {
  reservationsGranted: number
  reservationsRenewed: number
  circuitsOpened: number
  /** By the limit that ended them, else a name from `reason-names.ts`. */
  circuitsClosed: Record<string, number>
  /** Through circuits, both directions together. */
  bytes: number
  /** `reservation/reservations-per-host` → how often, by limit or rule; `circuit/no reservation` where neither was the reason. */
  refused: Record<string, number>
  /** As peers have told: `direct/kept/changed` → how often, by outcome, own port and remote port. */
  punches: Record<string, number>
}

/** Costs nothing while bytes pass: a circuit tells its own at its end. */
export class Tally {
  readonly #limits: Readonly<Pick<RelayLimits, 'reservation-seconds'>>
  /** As many as the relay grants: every one is released by an event. */
  readonly #reserved = new Map<string, ReservationRow>()
  readonly #closed = new Counts()
  readonly #refused = new Counts()
  readonly #punches = new Counts()
  #granted = 0
  #renewed = 0
  #opened = 0
  #bytes = 0

  /** Live: a reload changes what the relay grants. */
  constructor(limits: Readonly<Pick<RelayLimits, 'reservation-seconds'>>) {
    this.#limits = limits
  }

  note(event: RelayEvent, nowMs: number): void {
    if (event.event === 'reservation') this.#noteReservation(event, nowMs)
    if (event.event === 'circuit') this.#noteCircuit(event)
    const { event: about } = event
    if (about !== 'reservation' && about !== 'circuit' && 'action' in event) {
      if (event.action === 'refused') this.#noteRefusal(event)
    }
  }

  #noteReservation(event: Extract<RelayEvent, { event: 'reservation' }>, nowMs: number): void {
    const { peer, action } = event
    if (action === 'refused') this.#noteRefusal(event)
    if (action === 'released') this.#reserved.delete(peer)
    if (action !== 'granted') return
    const earlier = this.#reserved.get(peer)
    if (earlier === undefined) this.#granted++
    else this.#renewed++
    const sinceMs = earlier?.sinceMs ?? nowMs
    const untilMs = nowMs + this.#limits['reservation-seconds'] * 1000
    this.#reserved.set(peer, { peer, sinceMs, untilMs })
  }

  #noteCircuit(event: Extract<RelayEvent, { event: 'circuit' }>): void {
    const { action, reason = '', limit, bytes = 0 } = event
    if (action === 'opened') this.#opened++
    if (action === 'refused') this.#noteRefusal(event)
    if (action !== 'closed') return
    this.#closed.add(limit ?? endName(reason))
    this.#bytes += bytes
  }

  #noteRefusal({ event, reason = '', limit, rule }: Refused): void {
    this.#refused.add(`${event}/${limit ?? rule ?? refusalName(reason)}`)
  }

  notePunch({ outcome, ownPort, remotePort }: PunchReport): void {
    this.#punches.add(`${outcome}/${ownPort}/${remotePort}`)
  }

  reservations(): ReservationRow[] {
    return [...this.#reserved.values()]
  }

  totals(): Totals {
    return {
      reservationsGranted: this.#granted,
      reservationsRenewed: this.#renewed,
      circuitsOpened: this.#opened,
      circuitsClosed: this.#closed.record(),
      bytes: this.#bytes,
      refused: this.#refused.record(),
      punches: this.#punches.record()
    }
  }
}

interface Refused extends Partial<Why> {
  event: string
}

class Counts {
  readonly #counts = new Map<string, number>()

  add(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
  }

  record(): Record<string, number> {
    return Object.fromEntries(this.#counts)
  }
}

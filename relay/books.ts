// Everything that a relay counts and limits, in one place: what a reload changes and what a status page reads.
import { Access } from './access/access.ts'
import { Admission } from './admission.ts'
import { HeldBytes } from './circuit/held-bytes.ts'
import { Pacing } from './circuit/pace.ts'
import { DialBacks } from './dial-back/under-way.ts'
import { Door } from './door.ts'
import type { RelayLimits, Usage } from './limits.ts'
import { HOP_PROTOCOL } from '../shared/wire/circuit.ts'
import { RequestRates, type Rated, type TooMany } from './request-rates.ts'
import { WaitingStreams } from './waiting-streams.ts'

export class Books {
  /** Live: a reload changes its values, and whoever was given it sees them at their next decision. */
  readonly limits: RelayLimits
  readonly access = new Access()
  readonly admission: Admission
  readonly rates: RequestRates
  readonly pacing: Pacing
  readonly held: HeldBytes
  readonly door: Door
  readonly dialBacks: DialBacks
  readonly waiting: WaitingStreams
  readonly #nowMs: () => number

  /** `nowMs` is monotonic. */
  constructor(limits: Readonly<RelayLimits>, nowMs: () => number = () => performance.now()) {
    this.limits = { ...limits }
    this.#nowMs = nowMs
    this.admission = new Admission(this.limits, this.access)
    this.rates = new RequestRates(this.limits)
    this.pacing = new Pacing(this.limits, nowMs)
    this.held = new HeldBytes(this.limits)
    this.door = new Door(this.limits)
    this.dialBacks = new DialBacks(this.limits)
    this.waiting = new WaitingStreams(this.limits, [HOP_PROTOCOL])
  }

  /** What has been granted stays; a circuit keeps the bytes and seconds that its peers were told. */
  reload(limits: Readonly<RelayLimits>): void {
    Object.assign(this.limits, limits)
  }

  /** Counts one request; undefined when it may be answered. */
  tooMany(kind: Rated, who: { peer: string; host: string }): TooMany | undefined {
    return this.rates.tooMany(kind, who, this.#nowMs())
  }

  /** Undefined when what comes from there may be looked at. */
  tooManyWrongSecrets(host: string): TooMany | undefined {
    return this.rates.tooManyWrongSecrets(host, this.#nowMs())
  }

  noteWrongSecret(host: string): void {
    this.rates.noteWrongSecret(host, this.#nowMs())
  }

  /** Counts one offence of a peer; undefined while they can be mistakes. */
  tooOffensive(peer: string): TooMany | undefined {
    return this.rates.tooOffensive(peer, this.#nowMs())
  }

  usage(): Usage[] {
    const nowMs = this.#nowMs()
    return [this.waiting, this.admission, this.pacing, this.held, this.dialBacks]
      .flatMap((part) => part.usage())
      .concat(this.door.usage(nowMs), this.rates.usage(nowMs))
  }
}

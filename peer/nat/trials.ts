// What was tried of our NAT: whether it leads back to us from inside, and what it does with strangers. (see hairpin.ts, dial-back.ts)
import { tcpEndpoint } from '../../shared/addresses.ts'
import type { FindLocalEnd } from '../../shared/transport/local-ends.ts'
import type { NatFiltering } from '../../shared/wire/nat-report.ts'
import { filteringSeenBy, withFiltering } from './dial-back.ts'
import { hairpinTarget, tryHairpin, withHairpin, type HairpinOutcome } from './hairpin.ts'
import type { Endpoint, NatKind } from './nat-kind.ts'
import type { Observer } from './survey.ts'

export interface TrialsInit {
  observers: () => Observer[]
  localEnd: FindLocalEnd
  /** A NAT at the same host is not tried by strangers again before. */
  againMs: number
}

export class Trials {
  readonly #init: TrialsInit
  #hairpin: { named: string; outcome: HairpinOutcome } | undefined
  #filtering: { host: string; filtering: NatFiltering; atMs: number } | undefined

  constructor(init: TrialsInit) {
    this.#init = init
  }

  /** The kind with what is known from earlier at the same address. */
  known(kind: NatKind): NatKind {
    const target = hairpinTarget(kind)
    const hairpin = target && this.#hairpin?.named === name(target) ? this.#hairpin : undefined
    const tried = hairpin === undefined ? kind : withHairpin(kind, hairpin.outcome)
    const isSame = this.#filtering?.host === listeningHost(kind)
    return isSame ? withFiltering(tried, this.#filtering?.filtering) : tried
  }

  /** Once for each address; whether it was tried now. Throws the signal's reason alone. */
  async fromInside(kind: NatKind, signal: AbortSignal): Promise<boolean> {
    const target = hairpinTarget(kind)
    if (target === undefined || this.#hairpin?.named === name(target)) return false
    const outcome = await tryHairpin(target, signal)
    signal.throwIfAborted()
    this.#hairpin = { named: name(target), outcome }
    return true
  }

  /** Asks the relays that see us there, until one can tell; whether one could. Throws the signal's reason alone. */
  async fromOutside(kind: NatKind, signal: AbortSignal): Promise<boolean> {
    const { observers, localEnd, againMs } = this.#init
    const host = listeningHost(kind)
    const last = this.#filtering?.host === host ? this.#filtering : undefined
    const atMs = performance.now()
    if (host === undefined || (last !== undefined && atMs - last.atMs < againMs)) return false
    for (const { connection, mapped } of observers()) {
      if (mapped === undefined || tcpEndpoint(mapped)?.host !== host) continue
      const filtering = await filteringSeenBy({ connection, mapped, localEnd }, { signal })
      if (filtering === 'unknown') continue
      this.#filtering = { host, filtering, atMs }
      return true
    }
    return false
  }
}

/** Where what we listen on was seen last. */
const listeningHost = ({ seen }: NatKind): string | undefined =>
  seen.findLast(({ freshPort }) => freshPort === undefined)?.address.host

const name = ({ host, port }: Endpoint): string => `${host} ${port}`

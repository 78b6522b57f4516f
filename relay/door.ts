// Which connections may come in, by how many there are, from where and how often. (pure: time is an argument)
import { Counter } from './counter.ts'
import { usageOf, type LimitName, type RelayLimits, type Usage } from './limits.ts'
import { perMinute, RateByKey } from './token-bucket.ts'

export interface TurnedAway {
  limit?: LimitName
  reason: string
}

/** Counts a connection from the moment it was accepted, and apart until its handshake is over. */
export interface Visit {
  /** It is encrypted and multiplexed. */
  shakenHands(): void
  /** It has closed; more than once is as good as once. */
  left(): void
}

export class Door {
  readonly #limits: Readonly<RelayLimits>
  readonly #connectionsByHost = new Counter()
  readonly #handshakesByHost = new Counter()
  readonly #rateByHost = new RateByKey()
  #connections = 0
  #handshakes = 0
  /** The relay is about to stop: nobody comes in. */
  closed = false

  constructor(limits: Readonly<RelayLimits>) {
    this.#limits = limits
  }

  enter(host: string, nowMs: number): Visit | TurnedAway {
    const away = this.closed ? { reason: 'the relay is stopping' } : this.#full(host, nowMs)
    if (away !== undefined) return away
    this.#connections++
    this.#handshakes++
    this.#connectionsByHost.add(host)
    this.#handshakesByHost.add(host)
    let shaking = true
    let inside = true
    const shakenHands = (): void => {
      if (!shaking) return
      shaking = false
      this.#handshakes--
      this.#handshakesByHost.remove(host)
    }
    const left = (): void => {
      shakenHands()
      if (!inside) return
      inside = false
      this.#connections--
      this.#connectionsByHost.remove(host)
    }
    return { shakenHands, left }
  }

  /** The rate comes last: who is turned away for another reason has not used it up. */
  #full(host: string, nowMs: number): TurnedAway | undefined {
    const limits = this.#limits
    if (this.#connections >= limits.connections) {
      return over('connections', `all ${limits.connections} connections are taken`)
    }
    const perHost = limits['connections-per-host']
    if (this.#connectionsByHost.of(host) >= perHost) {
      return over('connections-per-host', `${host} has ${perHost} connections already`)
    }
    if (this.#handshakes >= limits.handshakes) {
      return over('handshakes', `${limits.handshakes} handshakes are under way`)
    }
    const shaking = limits['handshakes-per-host']
    if (this.#handshakesByHost.of(host) >= shaking) {
      return over('handshakes-per-host', `${host} has ${shaking} handshakes under way`)
    }
    const rate = limits['connection-rate-per-host']
    if (!this.#rateByHost.tryTake(host, perMinute(rate), nowMs)) {
      return over('connection-rate-per-host', `${host} connects more than ${rate} times a minute`)
    }
    return undefined
  }

  usage(nowMs: number): Usage[] {
    const rate = perMinute(this.#limits['connection-rate-per-host'])
    const used = {
      connections: this.#connections,
      'connections-per-host': this.#connectionsByHost.most,
      'connection-rate-per-host': this.#rateByHost.mostUsed(rate, nowMs),
      handshakes: this.#handshakes,
      'handshakes-per-host': this.#handshakesByHost.most
    }
    return usageOf(used, this.#limits)
  }
}

const over = (limit: LimitName, reason: string): TurnedAway => ({ limit, reason })

// How many requests a minute a peer and its host may make, of HOP and of rendezvous. (pure: time is an argument)
import { usageOf, type LimitName, type RelayLimits, type Usage } from './limits.ts'
import { perMinute, RateByKey } from './token-bucket.ts'

export interface TooMany {
  limit: LimitName
  reason: string
}

export class RequestRates {
  readonly #limits: Readonly<RelayLimits>
  readonly #byPeer = { hop: new RateByKey(), rendezvous: new RateByKey() }
  readonly #byHost = { hop: new RateByKey(), rendezvous: new RateByKey() }

  constructor(limits: Readonly<RelayLimits>) {
    this.#limits = limits
  }

  /** Counts one request; undefined when it may be answered. */
  tooMany(
    kind: 'hop' | 'rendezvous',
    { peer, host }: { peer: string; host: string },
    nowMs: number
  ): TooMany | undefined {
    const perPeer = this.#limits[`${kind}-rate-per-peer`]
    if (!this.#byPeer[kind].tryTake(peer, perMinute(perPeer), nowMs)) {
      const reason = `the peer asks more than ${perPeer} times a minute`
      return { limit: `${kind}-rate-per-peer`, reason }
    }
    const perHost = this.#limits[`${kind}-rate-per-host`]
    if (!this.#byHost[kind].tryTake(host, perMinute(perHost), nowMs)) {
      const reason = `${host} asks more than ${perHost} times a minute`
      return { limit: `${kind}-rate-per-host`, reason }
    }
    return undefined
  }

  usage(nowMs: number): Usage[] {
    const used = (rates: RateByKey, limit: LimitName): number =>
      rates.mostUsed(perMinute(this.#limits[limit]), nowMs)
    const most = {
      'hop-rate-per-peer': used(this.#byPeer.hop, 'hop-rate-per-peer'),
      'hop-rate-per-host': used(this.#byHost.hop, 'hop-rate-per-host'),
      'rendezvous-rate-per-peer': used(this.#byPeer.rendezvous, 'rendezvous-rate-per-peer'),
      'rendezvous-rate-per-host': used(this.#byHost.rendezvous, 'rendezvous-rate-per-host')
    }
    return usageOf(most, this.#limits)
  }
}

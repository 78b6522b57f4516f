// How many requests a minute a peer and its host may make, of HOP and of rendezvous, and how often it may guess a secret. (pure: time is an argument)
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
  readonly #wrongSecretsByHost = new RateByKey()

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

  /** Nothing is counted by it: a right secret is not held against anybody. */
  tooManyWrongSecrets(host: string, nowMs: number): TooMany | undefined {
    const limit = 'wrong-secret-rate-per-host'
    const rate = this.#limits[limit]
    if (this.#wrongSecretsByHost.has(host, perMinute(rate), nowMs)) return undefined
    return { limit, reason: `${host} has presented more than ${rate} wrong secrets a minute` }
  }

  noteWrongSecret(host: string, nowMs: number): void {
    const rate = this.#limits['wrong-secret-rate-per-host']
    this.#wrongSecretsByHost.tryTake(host, perMinute(rate), nowMs)
  }

  usage(nowMs: number): Usage[] {
    const used = (rates: RateByKey, limit: LimitName): number =>
      rates.mostUsed(perMinute(this.#limits[limit]), nowMs)
    const most = {
      'hop-rate-per-peer': used(this.#byPeer.hop, 'hop-rate-per-peer'),
      'hop-rate-per-host': used(this.#byHost.hop, 'hop-rate-per-host'),
      'rendezvous-rate-per-peer': used(this.#byPeer.rendezvous, 'rendezvous-rate-per-peer'),
      'rendezvous-rate-per-host': used(this.#byHost.rendezvous, 'rendezvous-rate-per-host'),
      'wrong-secret-rate-per-host': used(this.#wrongSecretsByHost, 'wrong-secret-rate-per-host')
    }
    return usageOf(most, this.#limits)
  }
}

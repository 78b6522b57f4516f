// How often a peer and its host may open a stream or ask, of HOP, of rendezvous and to be dialled back, get it wrong, and guess a secret. (pure: time is an argument)
import { usageOf, type LimitName, type RelayLimits, type Usage } from './limits.ts'
import { perMinute, RateByKey } from './token-bucket.ts'

export type Rated = 'stream' | 'hop' | 'rendezvous' | 'dial-back'

export interface TooMany {
  limit: LimitName
  reason: string
}

export class RequestRates {
  readonly #limits: Readonly<RelayLimits>
  readonly #byPeer = eachRated()
  readonly #byHost = eachRated()
  readonly #offences = new RateByKey()
  readonly #wrongSecretsByHost = new RateByKey()

  constructor(limits: Readonly<RelayLimits>) {
    this.#limits = limits
  }

  /** Counts one request; undefined when it may be answered. */
  tooMany(
    kind: Rated,
    { peer, host }: { peer: string; host: string },
    nowMs: number
  ): TooMany | undefined {
    const perPeer = this.#limits[`${kind}-rate-per-peer`]
    if (!this.#byPeer[kind].tryTake(peer, perMinute(perPeer), nowMs)) {
      const reason = `the peer ${DOES[kind]} more than ${perPeer} times a minute`
      return { limit: `${kind}-rate-per-peer`, reason }
    }
    const perHost = this.#limits[`${kind}-rate-per-host`]
    if (!this.#byHost[kind].tryTake(host, perMinute(perHost), nowMs)) {
      const reason = `${host} ${DOES[kind]} more than ${perHost} times a minute`
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

  /** Counts one offence; undefined while they can be mistakes. */
  tooOffensive(peer: string, nowMs: number): TooMany | undefined {
    const limit = 'offences-per-peer'
    const max = this.#limits[limit]
    if (this.#offences.tryTake(peer, perMinute(max), nowMs)) return undefined
    return { limit, reason: `the peer got more than ${max} requests a minute wrong` }
  }

  usage(nowMs: number): Usage[] {
    const used = (rates: RateByKey, limit: LimitName): number =>
      rates.mostUsed(perMinute(this.#limits[limit]), nowMs)
    const most: Partial<Record<LimitName, number>> = {
      'offences-per-peer': used(this.#offences, 'offences-per-peer'),
      'wrong-secret-rate-per-host': used(this.#wrongSecretsByHost, 'wrong-secret-rate-per-host')
    }
    for (const kind of RATED) {
      most[`${kind}-rate-per-peer`] = used(this.#byPeer[kind], `${kind}-rate-per-peer`)
      most[`${kind}-rate-per-host`] = used(this.#byHost[kind], `${kind}-rate-per-host`)
    }
    return usageOf(most, this.#limits)
  }
}

const RATED = ['stream', 'hop', 'rendezvous', 'dial-back'] as const satisfies Rated[]

const eachRated = (): Record<Rated, RateByKey> => ({
  stream: new RateByKey(),
  hop: new RateByKey(),
  rendezvous: new RateByKey(),
  'dial-back': new RateByKey()
})

const DOES: Record<Rated, string> = {
  stream: 'opens streams',
  hop: 'asks',
  rendezvous: 'asks',
  'dial-back': 'asks to be dialled back'
}

// Learns what kind of NAT we are behind from where our relays see us, before anybody is punched: once they do, again
// when the network has changed, and every now and then. In the background: nobody waits for it to join a room.
import type { PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { tcpEndpoint } from '../../shared/addresses.ts'
import type { FindLocalEnd } from '../../shared/transport/local-ends.ts'
import type { NatReport } from '../../shared/wire/nat-report.ts'
import { Delay } from '../delay.ts'
import { unlessAborted } from '../unless-aborted.ts'
import { notSeenAgain, together } from './earlier-looks.ts'
import {
  classifyNat,
  isSymmetric,
  outsideHosts,
  UNKNOWN_NAT,
  type Endpoint,
  type NatKind,
  type Observation
} from './nat-kind.ts'
import { sample, survey, type Mirror, type Observer, type SurveyInit } from './survey.ts'
import { Trials } from './trials.ts'
import { Vouchers } from './vouchers.ts'

export interface NatWatchInit {
  self: PeerId
  observers: () => Observer[]
  /** Of this machine's interfaces, with the port we listen on. */
  listening: () => Multiaddr[]
  localEnd: FindLocalEnd
  /** After each look; and again when the NAT has shown what it does with a hairpin, and with strangers. */
  onKind?: (kind: NatKind) => void
  /** `mapped` has changed. */
  onMapped?: () => void
  /** For tests. */
  lookAgainMs?: number
  /** For how long an observation counts that no look has made again. */
  keptMs?: number
}

/** What is told of the NAT, without what the punch has for it. */
export type NatEvidence = Omit<NatReport, 'sockets'>

export interface NatWatch extends AsyncDisposable {
  /** Of IPv4, as far as it is known. */
  readonly kind: NatKind
  /** Where relays see our IPv4 that we reach by IPv6, with what our NAT makes of the listening port. */
  readonly mapped: readonly Multiaddr[]
  /** A relay has given us a place, or the network has changed: what was seen may be true no more. */
  look(): void
  /** A punch is likely soon: what has to be asked right before it is asked now. */
  prepare(): void
  /**
   * A punch has failed that should not have. Of a block of ports a NAT gives the same one twice now and then, and looks
   * like one that keeps to it.
   */
  doubt(): void
  /** For a peer that we are about to punch with; undefined when no relay has seen us. */
  report(signal: AbortSignal): Promise<NatEvidence | undefined>
  /** Where one of our relays has seen that peer within the hour; undefined when the report does not prove it. */
  provenAddress(report: NatEvidence, peer: PeerId): Promise<Endpoint | undefined>
}

/** Proofs are good for an hour, and NATs change without a word. */
const LOOK_AGAIN_MS = 20 * 60_000

/** Whoever comes to meet somebody does so now: what nobody waits for can wait. */
const QUIET_MS = 5_000

/** From other ports, when the listening one is seen at several: shows how the NAT goes on. */
const SAMPLES = 4

/** One may get lost. */
const ENOUGH_SAMPLES = SAMPLES - 1

/** Of samples at once: those before them show less of the order. */
const SAMPLE_TRIES = 3

/**
 * A punch that begins while the first look is under way waits for so long. It takes three round trips to a relay; a SYN
 * that is lost is repeated after a second, and a round that knows nothing of a NAT that changes ports takes five for nothing.
 */
const REPORT_WAIT_MS = 2_500

/** So long nobody else behind the NAT has taken many ports. */
const FRESH_MS = 1_000

/** An observation that is missing since is believed so long, as its proof is. */
const KEPT_MS = 60 * 60_000

/** Failed rounds follow one another in seconds, and what they doubt is rare. */
const DOUBT_AGAIN_MS = 12_000

/** For one more question right before a punch; without an answer the last one will do. */
const SAMPLE_WAIT_MS = 1_000

export function startNatWatch(init: NatWatchInit, options: { signal: AbortSignal }): NatWatch {
  return new RunningNatWatch(init, options.signal)
}

class RunningNatWatch implements NatWatch {
  kind = UNKNOWN_NAT
  mapped: readonly Multiaddr[] = []
  readonly #init: NatWatchInit
  readonly #stopped = new AbortController()
  readonly #signal: AbortSignal
  readonly #pause = new Delay()
  readonly #running: Promise<void>
  #mirrors: Mirror[] = []
  #vouchers = new Vouchers()
  #looking: Promise<void> = Promise.resolve()
  /** When each observation was made known. */
  readonly #heardMs = new WeakMap<Observation, number>()
  #isAsked = false
  /** What is known may have been seen on another network, until a relay is there to be asked on this one. */
  #isElsewhere = false
  readonly #trials: Trials
  #isDoubted = false
  #doubtedMs = -Infinity
  /** Of a sequence, after the last look. */
  #last: Observation[] = []
  #fresh: { atMs: number; done: Promise<void> } | undefined

  constructor(init: NatWatchInit, signal: AbortSignal) {
    this.#init = init
    this.#signal = AbortSignal.any([signal, this.#stopped.signal])
    this.#trials = new Trials({ ...init, againMs: init.lookAgainMs ?? LOOK_AGAIN_MS })
    this.#running = this.#keep().catch(() => undefined) // stopped: the only way out
  }

  look(): void {
    this.#isAsked = true
    this.#isElsewhere = true
    this.#pause.atMost(0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort(new Error('the watch over the NAT stops'))
    await this.#running
  }

  doubt(): void {
    if (this.kind.ports !== 'changed' || performance.now() - this.#doubtedMs < DOUBT_AGAIN_MS)
      return
    this.#doubtedMs = performance.now()
    this.#isDoubted = true
    this.#pause.atMost(0)
  }

  prepare(): void {
    if (this.kind.ports === 'sequential') this.#freshen().catch(() => undefined) // whoever waits for it hears of it
  }

  async report(signal: AbortSignal): Promise<NatEvidence | undefined> {
    const soon = AbortSignal.any([signal, AbortSignal.timeout(REPORT_WAIT_MS)])
    await unlessAborted(this.#looking, soon).catch(() => signal.throwIfAborted())
    if (this.kind.ports === 'sequential') await unlessAborted(this.#freshen(), signal)
    const { mapping, ports, step, range, filtering, seen } = this.kind
    if (seen.length === 0) return undefined
    return {
      mapping,
      ports,
      ...(step === undefined ? {} : { step }),
      filtering,
      seenPorts: [...seen, ...this.#last]
        .map(({ address }) => address.port)
        // Of an older block nothing is to be guessed.
        .filter((port) => range === undefined || (port >= range.low && port <= range.high)),
      hosts: outsideHosts(this.kind).length,
      proofs: this.#vouchers.proofs
    }
  }

  async provenAddress({ proofs }: NatEvidence, peer: PeerId): Promise<Endpoint | undefined> {
    return this.#vouchers.provenAddress(proofs, peer)
  }

  async #keep(): Promise<void> {
    const { lookAgainMs = LOOK_AGAIN_MS } = this.#init
    await this.#pause.wait(lookAgainMs, { signal: this.#signal })
    for (;;) {
      this.#isAsked = false
      this.#isDoubted = false
      this.#looking = this.#look(this.#signal)
      await this.#looking
      await this.#tell(this.#trials.fromInside(this.kind, this.#signal))
      const quietMs = this.#isAsked ? 0 : Math.min(QUIET_MS, lookAgainMs)
      await this.#pause.wait(quietMs, { signal: this.#signal })
      if (!this.#isAsked) await this.#tell(this.#trials.fromOutside(this.kind, this.#signal))
      const isWanted = this.#isAsked || this.#isDoubted
      const pauseMs = isWanted ? 0 : lookAgainMs * (1 + Math.random() / 4)
      await this.#pause.wait(pauseMs, { signal: this.#signal })
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    if (this.#listening().length === 0) return
    const { self, localEnd, onKind } = this.#init
    const observers = this.#init.observers()
    const isElsewhere = this.#isElsewhere && observers.length > 0
    // No relay is there to ask: what was seen before is the best there is.
    if (observers.length > 0) this.#isElsewhere = false
    const vouchers = isElsewhere ? new Vouchers() : this.#vouchers
    const onSeen: SurveyInit['onSeen'] = (...signed) => vouchers.keep(...signed)
    const found = await survey({ self, observers, localEnd, onSeen }, signal)
    this.#vouchers = vouchers
    if (isElsewhere || found.mirrors.length > 0) this.#mirrors = found.mirrors
    if (isElsewhere || found.places.length > 0) this.#setMapped(found.places)
    const known = isElsewhere ? [] : this.kind.seen.filter(this.#isRecent)
    const earlier = notSeenAgain(known, found.seen)
    this.#conclude(together(earlier, found.seen, { wanted: SAMPLES, sampled: [] }))
    if (isSymmetric(this.kind)) {
      this.#last = []
      const sampled: Observation[] = []
      for (let tries = 0; tries < SAMPLE_TRIES; tries += 1) {
        const more = await this.#sample(SAMPLES, signal)
        sampled.push(...more)
        this.#conclude(together(earlier, found.seen, { wanted: SAMPLES, sampled }))
        if (more.length >= ENOUGH_SAMPLES) break
      }
    }
    onKind?.(this.kind)
  }

  #setMapped(places: readonly Multiaddr[]): void {
    const isSame = places.join() === this.mapped.join()
    this.mapped = places
    if (!isSame) this.#init.onMapped?.()
  }

  #conclude(seen: Observation[]): void {
    const listening = this.#listening()
    const towards = seen.at(-1)?.destination.host ?? ''
    const own = {
      listeningPort: this.#init.localEnd(towards)?.port ?? listening[0]?.port ?? 0,
      hosts: listening.map(({ host }) => host)
    }
    this.kind = this.#trials.known(classifyNat(own, seen))
    const nowMs = performance.now()
    for (const each of this.kind.seen) if (!this.#heardMs.has(each)) this.#heardMs.set(each, nowMs)
  }

  /** A relay that does not come back says nothing of it any more. */
  readonly #isRecent = (each: Observation): boolean =>
    performance.now() - (this.#heardMs.get(each) ?? -Infinity) < (this.#init.keptMs ?? KEPT_MS)

  async #sample(count: number, signal: AbortSignal): Promise<Observation[]> {
    const counted = this.kind.seen.map(({ destination }) => destination)
    const mirror = this.#mirrors.find(({ destination: { host, port } }) =>
      counted.some((each) => each.host === host && each.port === port)
    )
    return mirror === undefined ? [] : sample(mirror, { self: this.#init.self, count }, signal)
  }

  /** In a sequence the last port counts, and others behind the NAT go on counting. */
  async #freshen(): Promise<void> {
    const atMs = performance.now()
    if (this.#fresh === undefined || atMs - this.#fresh.atMs > FRESH_MS) {
      this.#fresh = { atMs, done: this.#lookOnce() }
    }
    return this.#fresh.done
  }

  async #lookOnce(): Promise<void> {
    const limit = AbortSignal.any([this.#signal, AbortSignal.timeout(SAMPLE_WAIT_MS)])
    const fresh = await this.#sample(1, limit).catch(() => [])
    // Only where it counts now: after others have counted on meanwhile the ports no longer look like a sequence.
    if (fresh.length > 0) this.#last = fresh
  }

  async #tell(hasShown: Promise<boolean>): Promise<void> {
    if (!(await hasShown)) return
    this.kind = this.#trials.known(this.kind)
    this.#init.onKind?.(this.kind)
  }

  #listening(): Endpoint[] {
    return this.#init.listening().flatMap((address) => {
      const endpoint = tcpEndpoint(address)
      return endpoint?.family === 4 ? [{ host: endpoint.host, port: endpoint.port }] : []
    })
  }
}

// The part of a round that is about NATs which give every destination another port: tells the other side what ours
// does, hears what theirs does, and fires at guessed ports when that promises anything.
import type { PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { tcpEndpoint } from '../../shared/addresses.ts'
import type { FindLocalEnd } from '../../shared/transport/local-ends.ts'
import { decodeNatReport, encodeNatReport, type NatReport } from '../../shared/wire/nat-report.ts'
import type { Endpoint } from '../nat/nat-kind.ts'
import type { NatWatch } from '../nat/nat-watch.ts'
import { PerHour } from '../per-minute.ts'
import { mostSockets, planGuesses, shotsOf, type GuessPlan, type Volleys } from './guess-plan.ts'
import { HeadStart, headStartMs, HOLD_MS, type SoFar } from './head-start.ts'
import type { TransportDial } from './punch.ts'
import { SocketBudget, type Grant } from './socket-budget.ts'
import { VolleyPace } from './volley-pace.ts'
import { Volley, type VolleyCount } from './volley.ts'

export interface GuessingInit {
  /** What is used of the watch over our NAT. */
  nat: Pick<NatWatch, 'prepare' | 'doubt' | 'report' | 'provenAddress'>
  dial: TransportDial
  localEnd: FindLocalEnd
  sockets?: SocketBudget
}

/** What a round has learnt of both NATs, and done about it. */
export interface GuessEvidence {
  own?: NatReport
  other?: NatReport
  plan?: GuessPlan
  /** Why this side has fewer sockets than it takes. */
  shortage?: Shortage
  /** Why nothing was fired although the plan says so. */
  withheld?: Withheld
  count?: VolleyCount
}

export type Withheld =
  /** No relay of ours has seen the other side where it says it is. */
  | 'unproven'
  /** It is at our own public address: the way there is inside. */
  | 'same-host'
  /** It was tried often enough for a while. */
  | 'spent'
  /** We listen on no port from which the other side could be reached. */
  | 'no-port'

export type Shortage =
  /** The system lets this process open no more. */
  | 'open-files'
  /** Other punches of ours have them now. */
  | 'other-punches'

export interface GuessStart extends SoFar {
  /** The other side's, those that may be dialled: nothing is fired at any other host. */
  candidates: readonly Multiaddr[]
  /** Where relays see us. */
  mapped: readonly Multiaddr[]
  initiator: boolean
}

/** In an hour. Each is some thousand packets: what has not met in so many rounds is not going to. */
const MAX_VOLLEYS_PER_PEER = 12
/** Two peers behind one NAT. Identities cost nothing: they are counted together. */
const MAX_VOLLEYS_PER_HOST = 24
/** A full room, once or twice. */
const MAX_VOLLEYS = 120

export class Guessing {
  readonly #init: GuessingInit
  readonly #sockets: SocketBudget
  readonly #pace = new VolleyPace()
  readonly #byPeer = new PerHour(MAX_VOLLEYS_PER_PEER)
  readonly #byHost = new PerHour(MAX_VOLLEYS_PER_HOST)
  readonly #all = new PerHour(MAX_VOLLEYS)

  constructor(init: GuessingInit) {
    this.#init = init
    this.#sockets = init.sockets ?? new SocketBudget()
  }

  prepare(): void {
    this.#init.nat.prepare()
  }

  round(peer: PeerId): GuessRound {
    return new GuessRound(peer, this.#init, {
      sockets: this.#sockets,
      pace: this.#pace,
      mayFire: (host) => this.#take(peer.toString(), host, performance.now())
    })
  }

  #take(peer: string, host: string, nowMs: number): boolean {
    const mayFire = this.#byPeer.take(peer, nowMs) && this.#byHost.take(host, nowMs)
    return mayFire && this.#all.take('all', nowMs)
  }
}

interface Shared {
  sockets: SocketBudget
  pace: VolleyPace
  mayFire: (host: string) => boolean
}

/** Of one round with one peer. Disposing it ends what it has begun. */
export class GuessRound implements Disposable {
  readonly #peer: PeerId
  readonly #init: GuessingInit
  readonly #shared: Shared
  readonly #evidence: GuessEvidence = {}
  #grant: Grant | undefined
  #volley: Volley | undefined
  #headStart: HeadStart | undefined
  /** Where ordinary dials have connected so far. */
  readonly #connectedHosts = new Set<string>()
  /** At which the volley is aimed. */
  #targetHost: string | undefined
  #isOver = false

  constructor(peer: PeerId, init: GuessingInit, shared: Shared) {
    this.#peer = peer
    this.#init = init
    this.#shared = shared
  }

  get evidence(): GuessEvidence {
    return this.#volley === undefined
      ? this.#evidence
      : { ...this.#evidence, count: this.#volley.count }
  }

  /** For our CONNECT; undefined when nothing is known. */
  async report(signal: AbortSignal): Promise<Uint8Array | undefined> {
    const nat = await this.#init.nat.report(signal)
    if (nat === undefined) return undefined
    const grant = await this.#shared.sockets.take(mostSockets(nat), { signal })
    if (this.#isOver) grant[Symbol.dispose]()
    else this.#grant = grant
    const own = { ...nat, sockets: grant.sockets }
    this.#evidence.own = own
    this.#makePlan()
    return encodeNatReport(own)
  }

  /** From their CONNECT. */
  heard(report: Uint8Array | undefined): void {
    const other = report && decodeNatReport(report)
    if (other !== undefined) this.#evidence.other = other
    this.#makePlan()
  }

  /** The moment to dial has come. Never throws; what keeps it from firing is in the evidence. */
  async start(start: GuessStart): Promise<void> {
    await this.#begin(start)
    // Others may have what this punch has no use for.
    if (this.#volley === undefined && this.#headStart === undefined) this.#grant?.[Symbol.dispose]()
  }

  /** Both sides have told: from now on others may have what the plan does not take. */
  #makePlan(): void {
    const { own, other } = this.#evidence
    if (own === undefined || other === undefined) return
    const plan = planGuesses(own, other)
    this.#evidence.plan = plan
    if (plan.kind === 'hopeless' && plan.why === 'few-sockets' && own.sockets < plan.mine) {
      const alone = this.#grant?.alone ?? 0
      this.#evidence.shortage = alone < plan.mine ? 'open-files' : 'other-punches'
    }
    this.#grant?.shrink('sockets' in plan ? plan.sockets : 0)
  }

  async #begin(start: GuessStart): Promise<void> {
    const { own, other, plan } = this.#evidence
    if (own === undefined || other === undefined || plan === undefined) return
    if (plan.kind === 'plain' || plan.kind === 'hopeless') return
    const target = await this.#init.nat.provenAddress(other, this.#peer)
    if (this.#isOver) return
    const local = target && this.#init.localEnd(target.host)
    const isWithout = plan.kind === 'guess' && target !== undefined && local === undefined
    const withheld = isWithout ? 'no-port' : this.#withheld(target, start)
    if (withheld !== undefined) this.#evidence.withheld = withheld
    if (target === undefined || withheld !== undefined) return
    const fire = (): void => this.#fire(plan, { target, ...(local && { local }) }, start)
    const isOpen = own.mapping === 'none' || other.mapping === 'none'
    this.#targetHost = target.host
    const isThere = this.#connectedHosts.has(target.host)
    const ms = isThere ? HOLD_MS : headStartMs(plan, { ...start, isOpen })
    if (ms === 0) fire()
    else this.#headStart = new HeadStart(ms, fire)
  }

  /** Nothing came of the dials. */
  failed(): void {
    this.#init.nat.doubt()
  }

  /** An ordinary dial has connected, before its handshakes. */
  connected(candidate: Multiaddr): void {
    const host = tcpEndpoint(candidate)?.host
    // Once for each host: a stranger may be there.
    if (host === undefined || this.#connectedHosts.has(host)) return
    this.#connectedHosts.add(host)
    if (host !== this.#targetHost) return
    this.#headStart?.hold()
    this.#volley?.hold()
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    this.#headStart?.[Symbol.dispose]()
    this.#volley?.[Symbol.dispose]()
    this.#grant?.[Symbol.dispose]()
  }

  #withheld(
    target: Endpoint | undefined,
    { candidates, mapped }: GuessStart
  ): Withheld | undefined {
    const isAt = (address: Multiaddr): boolean => tcpEndpoint(address)?.host === target?.host
    if (target === undefined || !candidates.some(isAt)) return 'unproven'
    if (mapped.some(isAt)) return 'same-host'
    return this.#shared.mayFire(target.host) ? undefined : 'spent'
  }

  #fire(
    plan: Volleys,
    ends: { target: Endpoint; local?: Endpoint },
    { initiator, rttMs }: GuessStart
  ): void {
    this.#volley = new Volley({
      peer: this.#peer.toString(),
      initiator,
      rttMs,
      shots: shotsOf(plan, ends, Math.random),
      maxOpen: plan.sockets,
      maxShots: plan.shots,
      dial: this.#init.dial,
      pace: this.#shared.pace,
      onOver: () => this.#grant?.[Symbol.dispose]()
    })
  }
}

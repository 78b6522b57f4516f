// One round of a punch with one peer: agree over the relay, then dial every candidate at the agreed moment.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection, Stream } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { BoundDialOptions } from '../../shared/transport/bound-tcp.ts'
import type { PortReuse } from '../../shared/transport/port-reuse.ts'
import type { PunchTable } from '../../shared/transport/punch-table.ts'
import {
  dialledCandidates,
  mayBeNat,
  ownCandidates,
  type OwnAddresses,
  type Refused
} from './candidates.ts'
import { directConnection, nextDirect, type ConnectionSource } from './connections.ts'
import { initiate, respond, type Side } from './dcutr.ts'
import type { GuessEvidence, Guessing } from './guessing.ts'
import { dialDelayMs, EXCHANGE_TIMEOUT_MS, punchRole, type DcutrRole } from './plan.ts'
import { race, type RaceInit } from './race.ts'
import { whyNotDirect, type Evidence } from './reasons.ts'

/** `transportManager.dial`, past the dial queue, which loses the role. */
export type TransportDial = (
  address: Multiaddr,
  options: Pick<BoundDialOptions, 'signal' | 'source' | 'punch' | 'socket' | 'onConnect'> & {
    initiator?: boolean
  }
) => Promise<Connection>

export interface PunchParts {
  node: ConnectionSource
  dial: TransportDial
  punches: PunchTable
  reuse: PortReuse
  own: () => OwnAddresses
  /** Where our relays are. */
  relays: () => Multiaddr[]
  nameOf: (peer: string) => string
  /** Absent: nothing is told of our NAT, and no ports are guessed. */
  guessing?: Guessing
}

export interface RoundResult {
  /** Agreed on over a circuit, or begun when a relay told both sides of each other. */
  via: 'dcutr' | 'meeting'
  role: DcutrRole
  candidates: string[]
  outcome: 'direct' | 'failed'
  connection?: Connection
  reason?: string
  /** What may be a NAT has answered RST. */
  sawRst?: boolean
  ms: number
  /** What both sides have told each other of their NATs, and what was tried because of it. */
  guess?: GuessEvidence
}

export type RoundStart =
  | { role: 'initiator'; connection: Connection }
  | { role: 'responder'; connection: Connection; stream: Stream }

/** What a round has learnt so far; its failure is told from it. */
interface Offer {
  offered: Multiaddr[]
  candidates: Multiaddr[]
  refused: Refused[]
}

type Seen = Partial<Pick<Evidence, 'failedStep' | 'errors' | 'guess'>>

export interface RoundOptions {
  signal: AbortSignal
  /** The moment has come: whatever else dials these addresses has to end. Resolves with how long it has in vain, in ms. */
  beforeDials?: () => Promise<number>
  /** Asked before each dial of a candidate; no ends it for this round. */
  mayDial?: (candidate: Multiaddr) => boolean
}

/** Never throws but for the caller's signal: a round that fails has its reason. */
export async function punchRound(
  parts: PunchParts,
  start: RoundStart,
  { signal, beforeDials, mayDial = () => true }: RoundOptions
): Promise<RoundResult> {
  const startedMs = performance.now()
  const peer = start.connection.remotePeer.toString()
  const own = parts.own()
  const candidates = ownCandidates(own)
  const offer: Offer = { offered: [], candidates: [], refused: [] }
  let release: (() => void) | undefined
  using guesses = parts.guessing?.round(start.connection.remotePeer)
  const result = (
    rest: Pick<RoundResult, 'outcome' | 'connection' | 'reason' | 'sawRst'>
  ): RoundResult => ({
    via: 'dcutr',
    role: start.role,
    candidates: offer.candidates.map(String),
    ms: Math.round(performance.now() - startedMs),
    ...(guesses && { guess: guesses.evidence }),
    ...rest
  })
  const failed = (seen: Seen, sawRst = false): RoundResult =>
    result({ outcome: 'failed', reason: reasonFor(parts, peer, offer, seen), sawRst })
  try {
    // From the other side's offer on, its SYN may come at any moment: the transport must know the role by then.
    const onOffer: Side['onOffer'] = (offered, nat) => {
      guesses?.heard(nat)
      const rules = { relays: parts.relays(), mayDial }
      Object.assign(offer, { offered, ...dialledCandidates(offered, candidates, rules) })
      release = parts.punches.add(offer.candidates, punchRole(start.role))
    }
    const nat = async (): Promise<Uint8Array | undefined> => guesses?.report(signal)
    const rttMs = await exchange(start, { own: candidates, nat, onOffer, signal })
    if (offer.candidates.length === 0) return failed({})
    await sleep(dialDelayMs(start.role, rttMs), undefined, { signal })
    const inVainMs = (await beforeDials?.()) ?? 0
    const initiator = punchRole(start.role) === 'client'
    void guesses?.start({ ...offer, mapped: own.mapped, initiator, rttMs, inVainMs })
    const isNat = (each: Multiaddr): boolean => mayBeNat(each, offer.candidates, own.mapped)
    const lanes = { ...offer, isNat, mayRedial: mayDial }
    const { dial, connected } = ways(parts, start.role, peer)
    const noticed = noticing(dial, (candidate) => guesses?.connected(candidate))
    const raced = await race({ dial: noticed, connected, ...lanes, signal })
    if (raced.outcome === 'direct') return result(raced)
    const { errors, sawRst } = raced
    guesses?.failed()
    return failed({ errors, ...(guesses && { guess: guesses.evidence }) }, sawRst)
  } catch (error) {
    signal.throwIfAborted()
    // Another way has led to it, and the other side, which knew first, has called this round off.
    const standing = directConnection(parts.node, peer)
    if (standing !== undefined) return result({ outcome: 'direct', connection: standing })
    return failed({ failedStep: error instanceof Error ? error.message : String(error) })
  } finally {
    release?.()
  }
}

/** What was learnt of our own side while the round ran counts as well. */
export function reasonFor(
  { nameOf, own, reuse }: PunchParts,
  peer: string,
  { offered, refused }: Offer,
  seen: Seen
): string {
  return whyNotDirect({
    peerName: nameOf(peer),
    own: own(),
    offered,
    refused,
    reuse,
    errors: new Map(),
    ...seen
  })
}

async function exchange(start: RoundStart, side: Side): Promise<number> {
  const signal = AbortSignal.any([side.signal, AbortSignal.timeout(EXCHANGE_TIMEOUT_MS)])
  const { rttMs } =
    start.role === 'initiator'
      ? await initiate(start.connection, { ...side, signal })
      : await respond(start.stream, { ...side, signal })
  return rttMs
}

/** To a peer, dialled or accepted. */
export function ways(
  parts: PunchParts,
  role: DcutrRole,
  peer: string
): Pick<RaceInit, 'dial' | 'connected'> {
  return {
    dial: punchDial(parts, role, peer),
    connected: async (stop) => nextDirect(parts.node, peer, stop)
  }
}

/** Tells of each socket that is connected, before its handshakes. */
export function noticing(
  dial: RaceInit['dial'],
  onConnect: (candidate: Multiaddr) => void
): RaceInit['dial'] {
  return async (candidate, options) =>
    dial(candidate, {
      ...options,
      onConnect: () => {
        onConnect(candidate)
        options.onConnect()
      }
    })
}

function punchDial({ dial }: PunchParts, role: DcutrRole, peer: string): RaceInit['dial'] {
  const initiator = punchRole(role) === 'client'
  return async (candidate, { signal, onConnect }) =>
    dial(candidate.encapsulate(`/p2p/${peer}`), {
      initiator,
      signal,
      onConnect,
      source: 'listening',
      punch: true
    })
}

// Rounds of guesses with made-up NATs: up to where they fire, with real sockets on loopback.
import type { PeerId } from '@libp2p/interface'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { Guessing, type GuessRound, type GuessStart } from '../../peer/traversal/guessing.ts'
import type { TransportDial } from '../../peer/traversal/punch.ts'
import { SocketBudget } from '../../peer/traversal/socket-budget.ts'
import type { FindLocalEnd } from '../../shared/transport/local-ends.ts'
import { encodeNatReport, type NatReport } from '../../shared/wire/nat-report.ts'
import { patience } from './punchers.ts'

export const THERE = '127.0.0.3'
export const at = (port: number, host = THERE): Multiaddr => multiaddr(`/ip4/${host}/tcp/${port}`)

/** Until the handshake is called off: what a remote does that never speaks. */
const neverAnswered: TransportDial = async (_, { socket, signal }) => {
  const { promise, reject } = Promise.withResolvers<never>()
  signal.addEventListener('abort', () => {
    socket?.resetAndDestroy()
    reject(signal.reason)
  })
  return promise
}

interface Situation {
  own: NatReport
  /** More than there are unless told. */
  sockets?: SocketBudget
  /** Where a relay of ours has seen the other side. */
  proven?: { host: string; port: number }
  localEnd?: FindLocalEnd
}

const manySockets = (): SocketBudget => new SocketBudget(async () => Infinity)

/** So many for the first punch. */
export const fewSockets = (count: number): SocketBudget =>
  new SocketBudget(async () => 256 + 2 * count)

export function guessingIn({
  own,
  proven,
  sockets = manySockets(),
  localEnd = () => ({ host: '0.0.0.0', port: 4001 })
}: Situation): Guessing {
  const nat = {
    prepare: () => undefined,
    doubt: () => undefined,
    report: async () => own,
    provenAddress: async () => proven
  }
  return new Guessing({ nat, dial: neverAnswered, localEnd, sockets })
}

interface FiringOptions extends Partial<GuessStart> {
  peer: PeerId
  theirs: NatReport
  /** By ordinary dials, while it is looked up whether the other side may be fired at. */
  connected?: Multiaddr[]
}

/** A round as a punch has it, up to where it may fire. */
export async function firing(
  guessing: Guessing,
  { peer, theirs, connected = [], ...start }: FiringOptions
): Promise<GuessRound> {
  const round = guessing.round(peer)
  await round.report(patience())
  round.heard(encodeNatReport(theirs))
  const ours = {
    candidates: [at(4001)],
    mapped: [at(4001, '7.7.7.7')],
    initiator: true,
    rttMs: 0,
    inVainMs: 0
  }
  const started = round.start({ ...ours, ...start })
  for (const candidate of connected) round.connected(candidate)
  await started
  return round
}

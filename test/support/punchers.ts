// Peers put together by hand up to their traversal: no room, no conversations, no ordinary dials.
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Connection, Stream } from '@libp2p/interface'
import { byteStream, echo } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import { startPeerNode, type PeerNode } from '../../peer/node.ts'
import { startRelayLink } from '../../peer/reservations/relay-link.ts'
import type { OwnAddresses } from '../../peer/traversal/candidates.ts'
import { directConnection, nextDirect } from '../../peer/traversal/connections.ts'
import type { Guessing } from '../../peer/traversal/guessing.ts'
import type { RoundResult, TransportDial } from '../../peer/traversal/punch.ts'
import { startTraversal, type Traversal } from '../../peer/traversal/traversal.ts'
import { isRelayed } from '../../shared/addresses.ts'
import { probePortReuse, type PortReuse } from '../../shared/transport/port-reuse.ts'
import { PunchTable } from '../../shared/transport/punch-table.ts'
import { EventLog } from './event-log.ts'

export const ECHO = '/test/echo/1.0.0'
const PATIENCE_MS = 15_000
export const patience = (): AbortSignal => AbortSignal.timeout(PATIENCE_MS)

export interface Round extends RoundResult {
  peer: string
  attempt: number
}

export interface Puncher extends AsyncDisposable, PeerNode {
  readonly id: string
  readonly punches: PunchTable
  readonly traversal: Traversal
  readonly rounds: EventLog<Round>
  /** Those whose turn it was, and who did not begin. */
  readonly silent: string[]
  own: () => OwnAddresses
  /** Where its relays are for certain. */
  relays: () => Multiaddr[]
  /** Where it listens, with its peer id. */
  readonly address: Multiaddr
}

/** A node that listens, dials from that port, and echoes; `address` is the first of those that it listens on. */
export async function startBoundNode({
  reuse = probePortReuse(),
  listen = '/ip4/127.0.0.1/tcp/0',
  more = []
}: { reuse?: PortReuse; listen?: string; more?: string[] } = {}): Promise<
  PeerNode & AsyncDisposable & { punches: PunchTable; address: Multiaddr; id: string }
> {
  const punches = new PunchTable()
  const { node, transportManager, localEnd } = await startPeerNode({
    privateKey: await generateKeyPair('Ed25519'),
    listen: [listen, ...more],
    announce: [],
    punches,
    reuse
  })
  await node.handle(ECHO, (stream) => void echo(stream), { runOnLimitedConnection: true })
  const [address] = node.getMultiaddrs()
  if (address === undefined) throw new Error('the node does not listen')
  return {
    node,
    transportManager,
    localEnd,
    punches,
    address,
    id: node.peerId.toString(),
    [Symbol.asyncDispose]: async () => node.stop()
  }
}

export interface PuncherOptions {
  listen?: string
  /** What is done instead of each dial of a punch. */
  dial?: (own: TransportDial) => TransportDial
  guessing?: (own: TransportDial) => Guessing
  /** After this long without a round it is silence. */
  silenceMs?: number
  /** Of the clock that counts meetings. */
  nowMs?: () => number
}

export async function startPuncher(
  relay: Multiaddr,
  { dial, guessing, silenceMs, nowMs = () => performance.now(), ...listening }: PuncherOptions = {}
): Promise<Puncher> {
  await using stack = new AsyncDisposableStack()
  const bound = stack.use(await startBoundNode(listening))
  const { node, transportManager, punches } = bound
  const rounds = new EventLog<Round>()
  const silent: string[] = []
  const { signal } = new AbortController()
  const link = stack.use(
    startRelayLink({ node, relay: relay.toString(), onState: () => undefined }, { signal })
  )
  await link.ready
  const ownDial: TransportDial = async (address, options) => transportManager.dial(address, options)
  const parts = {
    own: (): OwnAddresses => ({
      mapped: link.mapped === undefined ? [] : [link.mapped],
      announced: [],
      listening: transportManager.getAddrs().filter((address) => !isRelayed(address))
    }),
    relays: (): Multiaddr[] => link.endpoints.certain
  }
  const traversal = await startTraversal(
    {
      node,
      dial: dial?.(ownDial) ?? ownDial,
      ...(guessing && { guessing: guessing(ownDial) }),
      punches,
      reuse: probePortReuse(),
      own: () => parts.own(),
      relays: () => parts.relays(),
      carrying: () => undefined,
      nameOf: () => 'the other one',
      onRound: (peer, attempt, result) => rounds.note({ peer, attempt, ...result }),
      onSilence: (peer) => void silent.push(peer),
      ...(silenceMs === undefined ? {} : { silenceMs }),
      nowMs
    },
    { signal }
  )
  stack.use(traversal)
  const running = stack.move()
  return Object.assign(parts, {
    ...bound,
    traversal,
    rounds,
    silent,
    [Symbol.asyncDispose]: async () => running.disposeAsync()
  })
}

/** Opens a circuit, past the dial queue, which would take a direct address if it knew one. */
export async function dialThrough(
  relay: Multiaddr,
  from: PeerNode,
  to: PeerNode | string
): Promise<Connection> {
  const id = typeof to === 'string' ? to : to.node.peerId.toString()
  const circuit = relay.encapsulate(`/p2p-circuit/p2p/${id}`)
  return from.transportManager.dial(circuit, { signal: patience() })
}

/** The direct connection to another node, once it stands. */
export async function becomesDirect(from: PeerNode, to: { id: string }): Promise<Connection> {
  return nextDirect(from.node, to.id, patience())
}

export const isDirect = (from: PeerNode, to: { id: string }): boolean =>
  directConnection(from.node, to.id) !== undefined

/** Fails unless what is said on a new stream comes back. */
export async function echoes(connection: Connection, text = 'hello'): Promise<void> {
  const options = { signal: patience(), runOnLimitedConnection: true }
  const stream: Stream = await connection.newStream(ECHO, options)
  const bytes = byteStream(stream)
  await bytes.write(Buffer.from(text), { signal: patience() })
  const answer = await bytes.read({ bytes: text.length, signal: patience() })
  const said = Buffer.from(answer.subarray()).toString()
  if (said !== text) throw new Error(`said ${text}, heard ${said}`)
  await stream.close()
}

// The relay's side of /parley/dial-back: dials who asks where it is seen, and says no more than how that ended.
import type { Connection, PeerId, Stream, StreamHandlerOptions } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { asError } from '../../shared/as-error.ts'
import { deadline } from '../../shared/deadline.ts'
import { CircuitMessageError } from '../../shared/wire/circuit.ts'
import {
  decodeDialBackRequest,
  DIAL_BACK_PROTOCOL,
  DialBackMessageError,
  encodeDialBackAnswer,
  type DialBackOutcome
} from '../../shared/wire/dial-back.ts'
import type { Books } from '../books.ts'
import { closeBothWays } from '../circuit/close-both-ways.ts'
import { readFrame, sendFrame } from '../circuit/frames.ts'
import type { RelayListener } from '../events.ts'
import { hostKey } from '../host-key.ts'
import { whyOf, type Why } from '../why.ts'
import { knock, KNOCK_MS } from './knock.ts'
import { dialBackTarget } from './rules.ts'

export interface DialBackInit {
  books: Books
  /** The relay's own and announced addresses. */
  addresses: () => readonly Multiaddr[]
  /** The peer has sent what is no request, or asks on although it may not. */
  onOffence: (peer: PeerId) => void
  onEvent: RelayListener
}

/** What is used of a libp2p node. */
export interface DialBackNode {
  handle(
    protocol: string,
    handler: (stream: Stream, connection: DialBackConnection) => void,
    options: StreamHandlerOptions
  ): Promise<void>
}

export type DialBackConnection = Pick<Connection, 'remotePeer' | 'remoteAddr' | 'direct'>

/** Dials end with it, or with `signal`. */
export async function startDialBackServer(
  node: DialBackNode,
  init: DialBackInit,
  options: { signal: AbortSignal }
): Promise<Disposable> {
  const stopping = new AbortController()
  const signal = AbortSignal.any([options.signal, stopping.signal])
  const onStream = (stream: Stream, connection: DialBackConnection): void =>
    void serve(init, { stream, connection, signal })
  await node.handle(DIAL_BACK_PROTOCOL, onStream, { maxInboundStreams: 1 })
  return { [Symbol.dispose]: () => stopping.abort(new Error('the relay stops')) }
}

interface Served {
  stream: Stream
  connection: DialBackConnection
  signal: AbortSignal
}

/** Never rejects. */
async function serve(init: DialBackInit, { stream, connection, signal }: Served): Promise<void> {
  const ms = init.books.limits['hop-seconds'] * 1000 + KNOCK_MS
  using limit = deadline(signal, ms, 'no request to be dialled back, or nobody takes the answer')
  const { remotePeer } = connection
  try {
    const port = decodeDialBackRequest(await readFrame(stream, limit))
    const outcome = await dialBack(init, { connection, port, signal: limit.signal })
    sendFrame(stream, encodeDialBackAnswer(outcome))
    await closeBothWays(stream, limit)
  } catch (error) {
    if (error instanceof CircuitMessageError || error instanceof DialBackMessageError)
      init.onOffence(remotePeer)
    stream.abort(asError(error))
  }
}

async function dialBack(
  init: DialBackInit,
  { connection, port, signal }: Omit<Served, 'stream'> & { port: number }
): Promise<DialBackOutcome> {
  const { remotePeer, remoteAddr: from, direct } = connection
  const refused = (why: Why): DialBackOutcome => {
    const peer = remotePeer.toString()
    init.onEvent({ event: 'dial-back', peer, action: 'refused', ...whyOf(why) })
    return 'unable'
  }
  const why = whyNot(init, connection)
  if (why !== undefined) return refused(why)
  const target = dialBackTarget({ from, direct, port, relay: init.addresses() })
  if ('reason' in target) return refused(target)
  const begun = init.books.dialBacks.begin()
  if ('reason' in begun) return refused(begun)
  using _ = begun
  return await knock(target, { signal })
}

/** Counts the request. */
function whyNot(
  { books, onOffence }: DialBackInit,
  { remotePeer, remoteAddr }: DialBackConnection
): Why | undefined {
  const peer = remotePeer.toString()
  const denied = books.access.refuses(peer)
  if (denied !== undefined) return denied
  if (books.admission.draining) return { reason: 'the relay is stopping' }
  const tooMany = books.tooMany('dial-back', { peer, host: hostKey(remoteAddr) })
  if (tooMany?.limit === 'dial-back-rate-per-peer') onOffence(remotePeer)
  return tooMany
}

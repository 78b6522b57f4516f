// Answers what others propose in multistream-select, on their connections and streams. The library reads each line byte
// by byte, each byte by three promises, and answers each by a frame of its own: a tenth of what a reservation costs.
// https://github.com/multiformats/multistream-select
import { setImmediate as turnOfLoop } from 'node:timers/promises'
import {
  type Connection,
  type Libp2pEvents,
  type MessageStream,
  type Stream,
  type TypedEventTarget
} from '@libp2p/interface'
import type { Registrar } from '@libp2p/interface-internal'
import { encode } from 'uint8-varint'
import { Uint8ArrayList } from 'uint8arraylist'
import { asError } from '../as-error.ts'
import { encodeLine, isReceiver, MULTISTREAM, type Receiver } from './multistream-answer.ts'
import { muxerOf } from './muxer-parts.ts'
import { Follower, isPrefixed, NegotiationError } from './negotiation-guard.ts'

/** The library's. */
const STREAM_MS = 10_000

/** A round trip and more, for a remote to read that it was refused. */
const REFUSED_MS = 2_000

/** The remote did not wait for our answer, which was a refusal. */
class RefusedError extends NegotiationError {
  override name = 'RefusedError'
}

/**
 * Resolves with the protocol, once the remote has proposed one of `protocols` and has the answer; what came behind it
 * waits in the stream. Rejects when the stream has ended before. Bytes that are no negotiation, or do not come to an
 * end, abort it with a NegotiationError; behind a refusal they are passed over, and it rejects with a RefusedError.
 * `onAgreed` is called ahead of the answer that agrees.
 */
export async function negotiateInbound(
  stream: MessageStream,
  protocols: readonly string[],
  onAgreed?: () => void
): Promise<string> {
  if (!isReceiver(stream)) throw new Error('this stream does not show what it receives')
  const agreed = Promise.withResolvers<string>()
  const onData = stream.onData.bind(stream)
  const answers: Uint8Array[] = []
  let protocol: string | undefined
  let isRefused = false
  const isAgreed = (line: string): boolean => {
    if (protocols.includes(line)) protocol = line
    const answer = answerTo(line, protocols)
    isRefused ||= answer === REFUSAL
    answers.push(answer)
    return protocol !== undefined
  }
  const follower = new Follower({ isAgreed, isPrefixed })
  const follow = (data: Uint8Array | Uint8ArrayList): void => {
    const pending = protocol === undefined
    const problem = follower.follow(data)
    if (pending && protocol !== undefined) onAgreed?.()
    if (answers.length > 0) stream.send(Buffer.concat(answers.splice(0)))
    if (problem !== undefined) throw new (isRefused ? RefusedError : NegotiationError)(problem)
    if (protocol === undefined) return
    const behind = pending ? new Uint8ArrayList(data).sublist(follower.negotiatedBytes) : data
    if (behind.byteLength > 0) onData(behind)
    if (follower.isOver) stream.onData = onData
    agreed.resolve(protocol)
  }
  stream.onData = (data) => {
    try {
      follow(data)
    } catch (error) {
      agreed.reject(error)
      if (error instanceof RefusedError) stream.onData = () => {}
      else stream.abort(asError(error))
    }
  }
  const onClose = ({ error }: { error?: Error }): void =>
    agreed.reject(error ?? new NegotiationError('it ended before a protocol'))
  // The end of the remote's side is told ahead of the bytes that come with it.
  const onLast = (): void => queueMicrotask(() => onClose({}))
  stream.addEventListener('close', onClose)
  stream.addEventListener('remoteCloseWrite', onLast)
  try {
    const early = takeEarly(stream)
    if (early.byteLength > 0) stream.onData(early)
    // One that is over already tells nobody of its end any more.
    if (stream.status !== 'open') onClose({})
    return await agreed.promise
  } finally {
    stream.removeEventListener('close', onClose)
    stream.removeEventListener('remoteCloseWrite', onLast)
  }
}

/** What has come before anybody followed. */
function takeEarly({ readBuffer = new Uint8ArrayList() }: Receiver): Uint8ArrayList {
  const early = readBuffer.sublist()
  readBuffer.consume(early.byteLength)
  return early
}

const HEADER = encodeLine(MULTISTREAM)
const REFUSAL = encodeLine('na')

function answerTo(line: string, protocols: readonly string[]): Uint8Array {
  if (line === MULTISTREAM) return HEADER
  if (protocols.includes(line)) return encodeLine(line)
  if (line !== 'ls') return REFUSAL
  const list = Buffer.concat([...protocols.map(encodeLine), Buffer.from('\n')])
  return Buffer.concat([encode(list.byteLength), list])
}

export interface InboundNegotiationComponents {
  events: TypedEventTarget<Libp2pEvents>
  registrar: Pick<Registrar, 'getProtocols'>
}

/** A service of a node: what the streams of others are negotiated by. */
export function inboundNegotiation(): (components: InboundNegotiationComponents) => object {
  return ({ events, registrar }) => {
    const handledBefore = new Set<string>()
    events.addEventListener('connection:open', ({ detail: connection }) => {
      const muxer = muxerOf(connection)
      if (muxer === undefined || !takesIncoming(connection)) return
      muxer.removeEventListener('stream', connection.onIncomingStream)
      muxer.addEventListener('stream', (event) => {
        const protocols = registrar.getProtocols()
        void takeStream(event, connection, { protocols, handledBefore })
      })
    })
    return {}
  }
}

/** The library goes on from where the protocol is known: with its limits, and then with the handler. */
async function takeStream(
  event: CustomEvent<Stream>,
  connection: IncomingTaker,
  { protocols, handledBefore }: { protocols: string[]; handledBefore: Set<string> }
): Promise<void> {
  const { detail: stream } = event
  try {
    const protocol = await negotiateInTime(stream, protocols)
    // The first of a kind takes milliseconds, in which a punch that has just connected would wait. All others are
    // answered in the turn in which the protocol was agreed, and what is sent within one turn leaves together.
    if (!handledBefore.has(protocol)) await turnOfLoop()
    handledBefore.add(protocol)
    // Whoever counts streams may have ended it meanwhile.
    if (stream.status !== 'open') return
    stream.protocol = protocol
    await connection.onIncomingStream(event)
  } catch (cause) {
    const error = asError(cause)
    if (error instanceof RefusedError) endRefused(stream, error)
    else stream.abort(error)
  }
}

/** A reset would overtake the refusal: the remote is to read it, and to end the stream. */
function endRefused(stream: Stream, error: RefusedError): void {
  const timer = setTimeout(() => stream.abort(error), REFUSED_MS)
  stream.addEventListener('close', () => clearTimeout(timer), { once: true })
}

async function negotiateInTime(stream: Stream, protocols: readonly string[]): Promise<string> {
  const timer = setTimeout(() => {
    stream.abort(new NegotiationError('no protocol was agreed in time'))
  }, STREAM_MS)
  try {
    return await negotiateInbound(stream, protocols)
  } finally {
    clearTimeout(timer)
  }
}

/** What the library's connection has beside its public face: it is handed each stream of the remote here. */
interface IncomingTaker extends Connection {
  onIncomingStream: (event: CustomEvent<Stream>) => Promise<void>
}

const takesIncoming = (connection: Connection): connection is IncomingTaker =>
  'onIncomingStream' in connection

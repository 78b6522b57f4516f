// CONNECT: a peer asks for a circuit to one that has a reservation.
import type { PeerId, Stream } from '@libp2p/interface'
import { asError } from '../../shared/as-error.ts'
import { deadline } from '../../shared/deadline.ts'
import {
  CircuitMessageError,
  CircuitStatus,
  encodeHop,
  type CircuitLimit,
  type HopMessage
} from '../../shared/wire/circuit.ts'
import { peerIdFromBytes } from '../../shared/wire/peer-id-bytes.ts'
import { hostKey } from '../host-key.ts'
import { whyOf, type Why } from '../why.ts'
import {
  announcedLimit,
  countRequest,
  refuse,
  type HopConnection,
  type HopContext,
  type LiveCircuit
} from './context.ts'
import { sendFrame } from './frames.ts'
import { splice } from './splice.ts'
import { openStop } from './stop.ts'

/** Answers one request, and stays until its circuit has ended. Throws when the stream breaks before that. */
export async function connect(
  request: HopMessage,
  stream: Stream,
  connection: HopConnection,
  context: HopContext
): Promise<void> {
  const { books, onEvent } = context
  const target = request.peer === undefined ? undefined : peerIdFromBytes(request.peer.id)
  if (target === undefined) {
    refuse(stream, CircuitStatus.MALFORMED_MESSAGE)
    context.onOffence(connection.remotePeer)
    return
  }
  const from = connection.remotePeer.toString()
  const to = target.toString()
  const refused = (status: number, why: Why): void => {
    onEvent({ event: 'circuit', from, to, action: 'refused', ...whyOf(why) })
    refuse(stream, status)
  }
  if (!connection.direct) {
    refused(CircuitStatus.PERMISSION_DENIED, { reason: 'asked over a circuit' })
    return
  }
  const tooMany = countRequest(context, connection)
  if (tooMany !== undefined) {
    refused(CircuitStatus.RESOURCE_LIMIT_EXCEEDED, tooMany)
    return
  }
  const dialling = { peer: from, host: hostKey(connection.remoteAddr) }
  const verdict = books.admission.openCircuit(dialling, to, context.nowMs())
  if (!verdict.admitted) {
    refused(verdict.status, verdict)
    return
  }
  try {
    const failure = await runCircuit(stream, connection.remotePeer, target, context)
    if (failure !== undefined) refused(CircuitStatus.CONNECTION_FAILED, failure)
  } finally {
    books.admission.closeCircuit(verdict.place)
  }
}

/** Resolves when the circuit has ended; with the reason when there was none. */
async function runCircuit(
  stream: Stream,
  source: PeerId,
  target: PeerId,
  context: HopContext
): Promise<Why | undefined> {
  const { onEvent, signal } = context
  const { limits, pacing, held } = context.books
  const limit = announcedLimit(limits)
  // A reload may change them while the target is asked.
  const { 'circuit-seconds': seconds, 'circuit-bytes': maxBytes } = limits
  const opened = await openTarget(stream, { from: source, to: target, limit }, context)
  if ('reason' in opened) return opened
  const targetStream = opened
  try {
    sendFrame(stream, encodeHop({ type: 'STATUS', status: CircuitStatus.OK, limit }))
  } catch (error) {
    targetStream.abort(asError(error))
    return { reason: 'the dialling peer went away before it was open' }
  }
  const live = liveCircuit(source, target, { seconds, maxBytes }, context.clockMs())
  const circuit = { event: 'circuit', from: live.from, to: live.to } as const
  context.books.waiting.settled(stream)
  onEvent({ ...circuit, action: 'opened' })
  context.circuits.add(live)
  using toTarget = pacing.forDirection()
  using fromTarget = pacing.forDirection()
  const end = await splice(stream, targetStream, {
    maxBytes: live.maxBytes,
    maxDurationMs: live.endsAtMs - live.openedAtMs,
    bytes: live.bytes,
    passed: context.passed,
    paces: [toTarget, fromTarget],
    onSplicing: (holding) => held.add(holding),
    signal
  })
  context.circuits.delete(live)
  const bytes = end.bytesToTarget + end.bytesFromTarget
  const why = { reason: end.reason, ...(end.limit === undefined ? {} : { limit: end.limit }) }
  onEvent({ ...circuit, action: 'closed', ...why, bytes })
  return undefined
}

/** Meanwhile the dialling peer may send, and what it sends is held. */
async function openTarget(
  stream: Stream,
  { from, to, limit }: { from: PeerId; to: PeerId; limit: CircuitLimit },
  context: HopContext
): Promise<Stream | Why> {
  const { limits, held } = context.books
  const ended = new AbortController()
  let why: Why | undefined
  const release = held.add({
    get heldBytes() {
      return stream.readBufferLength
    },
    end: (reason, name) => {
      why = { reason, limit: name }
      ended.abort(new Error(reason))
    }
  })
  using inTime = deadline(
    context.signal,
    limits['stop-seconds'] * 1000,
    'the target did not answer in time'
  )
  const signal = AbortSignal.any([inTime.signal, ended.signal])
  try {
    return await openStop(context.connectionsTo(to), { from, limit }, { signal })
  } catch (error) {
    const { cause, message } = asError(error)
    if (cause instanceof CircuitMessageError) context.onOffence(to)
    const late = inTime.signal.aborted && !context.signal.aborted
    return why ?? { reason: message, ...(late ? { limit: 'stop-seconds' } : {}) }
  } finally {
    release()
  }
}

/** With the limits that both were told, whatever a reload has made of them since. */
function liveCircuit(
  source: PeerId,
  target: PeerId,
  { seconds, maxBytes }: { seconds: number; maxBytes: number },
  openedAtMs: number
): LiveCircuit {
  return {
    from: source.toString(),
    to: target.toString(),
    openedAtMs,
    endsAtMs: openedAtMs + seconds * 1000,
    maxBytes,
    bytes: [0, 0]
  }
}

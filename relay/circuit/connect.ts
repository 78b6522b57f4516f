// CONNECT: a peer asks for a circuit to one that has a reservation.
import type { PeerId, Stream } from '@libp2p/interface'
import { deadline } from '../../shared/deadline.ts'
import { CircuitStatus, encodeHop, type HopMessage } from '../../shared/wire/circuit.ts'
import { peerIdFromBytes } from '../../shared/wire/peer-id-bytes.ts'
import {
  announcedLimit,
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
  const { admission, onEvent } = context
  const target = request.peer === undefined ? undefined : peerIdFromBytes(request.peer.id)
  if (target === undefined) {
    refuse(stream, CircuitStatus.MALFORMED_MESSAGE)
    return
  }
  const from = connection.remotePeer.toString()
  const to = target.toString()
  const refused = (status: number, reason: string): void => {
    onEvent({ event: 'circuit', from, to, action: 'refused', reason })
    refuse(stream, status)
  }
  if (!connection.direct) {
    refused(CircuitStatus.PERMISSION_DENIED, 'asked over a circuit')
    return
  }
  const verdict = admission.openCircuit(from, to, context.nowMs())
  if (!verdict.admitted) {
    refused(verdict.status, verdict.reason)
    return
  }
  try {
    const failure = await runCircuit(stream, connection.remotePeer, target, context)
    if (failure !== undefined) refused(CircuitStatus.CONNECTION_FAILED, failure)
  } finally {
    admission.closeCircuit(from, to)
  }
}

/** Resolves when the circuit has ended; with a reason in words when there was none. */
async function runCircuit(
  stream: Stream,
  source: PeerId,
  target: PeerId,
  context: HopContext
): Promise<string | undefined> {
  const { limits, onEvent, signal } = context
  const limit = announcedLimit(limits)
  let targetStream: Stream
  try {
    using inTime = deadline(signal, limits.stopTimeoutMs, 'the target did not answer in time')
    targetStream = await openStop(context.connectionsTo(target), { from: source, limit }, inTime)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  try {
    sendFrame(stream, encodeHop({ type: 'STATUS', status: CircuitStatus.OK, limit }))
  } catch (error) {
    targetStream.abort(error instanceof Error ? error : new Error(String(error)))
    return 'the dialling peer went away before it was open'
  }
  const live = liveCircuit(source, target, context)
  const circuit = { event: 'circuit', from: live.from, to: live.to } as const
  onEvent({ ...circuit, action: 'opened' })
  context.circuits.add(live)
  const { maxBytes, bytes: passed } = live
  const maxDurationMs = limits.circuitDurationMs
  const end = await splice(stream, targetStream, { maxBytes, maxDurationMs, bytes: passed, signal })
  context.circuits.delete(live)
  const bytes = end.bytesToTarget + end.bytesFromTarget
  onEvent({ ...circuit, action: 'closed', reason: end.reason, bytes })
  return undefined
}

function liveCircuit(source: PeerId, target: PeerId, context: HopContext): LiveCircuit {
  const { limits } = context
  const openedAtMs = context.nowMs()
  return {
    from: source.toString(),
    to: target.toString(),
    openedAtMs,
    endsAtMs: openedAtMs + limits.circuitDurationMs,
    maxBytes: limits.circuitDataBytes,
    bytes: [0, 0]
  }
}

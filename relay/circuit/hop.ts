// One HOP stream: what a peer asks the relay for, and what it gets.
// https://github.com/libp2p/specs/blob/master/relay/circuit-v2.md#hop-protocol
import type { Stream } from '@libp2p/interface'
import { asError } from '../../shared/as-error.ts'
import { deadline } from '../../shared/deadline.ts'
import {
  CircuitMessageError,
  CircuitStatus,
  decodeHop,
  type HopMessage
} from '../../shared/wire/circuit.ts'
import { keepPacked } from '../../shared/transport/packing.ts'
import { hostKey } from '../host-key.ts'
import { closeBothWays } from './close-both-ways.ts'
import { connect } from './connect.ts'
import { refuse, type HopConnection, type HopContext } from './context.ts'
import { readFrame } from './frames.ts'
import { reserve } from './reserve.ts'
import { keepWindowSmall } from './window.ts'

/**
 * Serves one stream to its end; what goes wrong is told to the remote, and never thrown. It is one that waits until a
 * circuit opens on it, or it has closed: answered and left open it costs as much as one that asks for nothing.
 */
export async function serveHop(
  stream: Stream,
  connection: HopConnection,
  context: HopContext
): Promise<void> {
  keepWindowSmall(stream)
  keepPacked(stream)
  try {
    const request = await readRequest(stream, connection, context)
    await answer(request, stream, connection, context)
    await closeInTime(stream, connection, context)
  } catch (error) {
    stream.abort(asError(error))
  }
}

/** Undefined for bytes that are not a request. Throws when nothing arrives, or the stream breaks. */
async function readRequest(
  stream: Stream,
  connection: HopConnection,
  context: HopContext
): Promise<HopMessage | undefined> {
  const reason = 'no HOP message arrived in time'
  using limit = deadline(context.signal, context.books.limits['hop-seconds'] * 1000, reason)
  try {
    return decodeHop(await readFrame(stream, limit))
  } catch (error) {
    if (limit.signal.aborted && tellLate(reason, connection, context)) {
      context.onOffence(connection.remotePeer)
    }
    if (error instanceof CircuitMessageError) return undefined
    throw error
  }
}

async function closeInTime(
  stream: Stream,
  connection: HopConnection,
  context: HopContext
): Promise<void> {
  const reason = 'the remote did not close a HOP stream'
  using limit = deadline(context.signal, context.books.limits['hop-seconds'] * 1000, reason)
  try {
    await closeBothWays(stream, limit)
  } catch (error) {
    if (limit.signal.aborted) tellLate(reason, connection, context)
    throw error
  }
}

/** False when it is the relay that stops. */
function tellLate(
  reason: string,
  { remotePeer, remoteAddr }: HopConnection,
  { signal, onEvent }: HopContext
): boolean {
  if (signal.aborted) return false
  const who = { peer: remotePeer.toString(), host: hostKey(remoteAddr) }
  onEvent({ event: 'stream', ...who, action: 'closed', reason, limit: 'hop-seconds' })
  return true
}

async function answer(
  request: HopMessage | undefined,
  stream: Stream,
  connection: HopConnection,
  context: HopContext
): Promise<void> {
  if (request === undefined || request.type === 'STATUS') {
    const { MALFORMED_MESSAGE, UNEXPECTED_MESSAGE } = CircuitStatus
    refuse(stream, request === undefined ? MALFORMED_MESSAGE : UNEXPECTED_MESSAGE)
    context.onOffence(connection.remotePeer)
  } else if (request.type === 'RESERVE') await reserve(stream, connection, context)
  else await connect(request, stream, connection, context)
}

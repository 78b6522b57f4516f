// Asks the target of a circuit to take it, on a stream that then carries the circuit.
import type { Connection, PeerId, Stream } from '@libp2p/interface'
import { openAtOnce } from '../../shared/transport/optimistic-streams.ts'
import {
  circuitStatusName,
  CircuitStatus,
  decodeStop,
  encodeStop,
  STOP_PROTOCOL,
  type CircuitLimit
} from '../../shared/wire/circuit.ts'
import { keepPacked } from '../../shared/transport/packing.ts'
import { readFrame, sendFrame } from './frames.ts'
import { MAX_STOP_STREAMS } from './limits.ts'
import { keepWindowSmall } from './window.ts'

export interface StopRequest {
  from: PeerId
  limit: CircuitLimit
}

/** The target has not taken the circuit; the message says at which step and why. */
export class StopError extends Error {
  override name = 'StopError'
}

/**
 * The stream of the circuit, paused, with whatever the target sent behind its answer still in it.
 * Throws StopError when there is no direct connection, or the target refuses, or `signal` aborts.
 */
export async function openStop(
  connections: readonly Connection[],
  request: StopRequest,
  options: { signal: AbortSignal }
): Promise<Stream> {
  const stream = await openStream(connections, options)
  keepWindowSmall(stream)
  try {
    const limit = request.limit
    const peer = { id: request.from.toMultihash().bytes, addresses: [] }
    sendFrame(stream, encodeStop({ type: 'CONNECT', peer, limit }))
    const answer = decodeStop(await readFrame(stream, options))
    if (answer.type !== 'STATUS' || answer.status !== CircuitStatus.OK) {
      throw new StopError(`the target refused it: ${circuitStatusName(answer.status)}`)
    }
    keepPacked(stream)
    return stream
  } catch (cause) {
    const error = stopError('failed to exchange STOP messages with the target', cause, options)
    stream.abort(error)
    throw error
  }
}

/** Newest first: after a change of network the old connection is dead and does not know it yet. */
async function openStream(
  connections: readonly Connection[],
  { signal }: { signal: AbortSignal }
): Promise<Stream> {
  const candidates = connections
    .filter(({ direct, status }) => direct && status === 'open')
    .toSorted((a, b) => b.timeline.open - a.timeline.open)
  let failure = new StopError('the target is not connected')
  for (const connection of candidates) {
    try {
      return await openAtOnce(connection, STOP_PROTOCOL, {
        signal,
        maxOutboundStreams: MAX_STOP_STREAMS
      })
    } catch (cause) {
      failure = stopError('failed to open a STOP stream to the target', cause, { signal })
    }
  }
  throw failure
}

function stopError(step: string, cause: unknown, { signal }: { signal: AbortSignal }): StopError {
  if (cause instanceof StopError) return cause
  if (signal.aborted) return new StopError(`${step} in time`, { cause })
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new StopError(`${step}: ${reason}`, { cause })
}

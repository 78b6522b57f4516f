// The two ends of a circuit spoken by hand, without the circuit transport: what they send is what the relay sees.
import type { Connection, Libp2p, PeerId, Stream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import {
  CircuitStatus,
  decodeHop,
  decodeStop,
  encodeHop,
  encodeStop,
  HOP_PROTOCOL,
  STOP_PROTOCOL,
  type HopMessage,
  type StopMessage
} from '../../shared/wire/circuit.ts'

/** Any step on loopback. */
const PATIENCE_MS = 10_000
export const patience = (): AbortSignal => AbortSignal.timeout(PATIENCE_MS)

/** Asks one thing of the relay; the stream then carries the circuit, if it granted one. */
export async function askHop(
  connection: Connection,
  request: Uint8Array
): Promise<{ answer: HopMessage; stream: Stream }> {
  const stream = await connection.newStream(HOP_PROTOCOL, { signal: patience() })
  const frames = lpStream(stream)
  await frames.write(request, { signal: patience() })
  const answer = decodeHop((await frames.read({ signal: patience() })).subarray())
  return { answer, stream: frames.unwrap() }
}

export const reserveRequest = (): Uint8Array => encodeHop({ type: 'RESERVE' })

export const connectRequest = (target: PeerId): Uint8Array =>
  encodeHop({ type: 'CONNECT', peer: { id: target.toMultihash().bytes, addresses: [] } })

export interface TakenCircuit {
  request: StopMessage
  stream: Stream
}

/** Takes circuits, sending `first` behind its OK in the same write, as an eager peer may. */
export async function takeCircuits(
  node: Libp2p,
  onCircuit: (circuit: TakenCircuit) => void,
  options: { first?: Uint8Array; status?: number } = {}
): Promise<void> {
  const { first = new Uint8Array(), status = CircuitStatus.OK } = options
  await node.handle(STOP_PROTOCOL, async (stream) => {
    const frames = lpStream(stream)
    const request = decodeStop((await frames.read({ signal: patience() })).subarray())
    const answer = encodeStop({ type: 'STATUS', status })
    frames.unwrap().send(Buffer.concat([Uint8Array.of(answer.byteLength), answer, first]))
    onCircuit({ request, stream })
  })
}

// One self-check: two ends of our own dial the relay as anybody does, one reserves, the other pushes bytes through a
// circuit to it and gets them back. Connections are new each time: a relay that lets nobody in any more is not ready.
import { randomBytes } from 'node:crypto'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { byteStream } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import { asError } from '../../shared/as-error.ts'
import { deadline } from '../../shared/deadline.ts'
import { createNode } from '../../shared/node.ts'
import {
  CircuitStatus,
  circuitStatusName,
  decodeHop,
  decodeStop,
  encodeHop,
  encodeStop,
  HOP_PROTOCOL,
  STOP_PROTOCOL
} from '../../shared/wire/circuit.ts'
import { readFrame, sendFrame } from '../circuit/frames.ts'

/** Enough to be data and no more than a greeting costs; a byte limit below it makes a relay of no use. */
const PROBE_BYTES = 1024

/** The relay sends its request with the stream. */
const REQUEST_MS = 5000

/** Which step failed, and why: the rest of a sentence that begins with "the self-check". */
export class SelfCheckError extends Error {
  override name = 'SelfCheckError'
}

export interface SelfCheckEnds extends AsyncDisposable {
  /** Peer ids of the two ends. */
  readonly peers: readonly string[]
  /** Resolves when the bytes came back. Throws a SelfCheckError. */
  check(relay: Multiaddr, options: { signal: AbortSignal }): Promise<void>
}

/** Two nodes that listen nowhere, with keys that nobody else has ever had. */
export async function createSelfCheckEnds(): Promise<SelfCheckEnds> {
  await using starting = new AsyncDisposableStack()
  const source = await startEnd(starting)
  const target = await startEnd(starting)
  await target.handle(STOP_PROTOCOL, (stream) => void sendBack(stream))
  const ends = starting.move()
  return {
    peers: [source, target].map(({ peerId }) => peerId.toString()),
    check: async (relay, options) => checkOnce(source, target, relay, options),
    [Symbol.asyncDispose]: async () => ends.disposeAsync()
  }
}

async function startEnd(stack: AsyncDisposableStack): Promise<Libp2p> {
  const node = await createNode({
    privateKey: await generateKeyPair('Ed25519'),
    listen: [],
    announce: [],
    transports: [tcp()],
    services: {},
    maxConnections: 2,
    maxInboundPerHostPerSecond: 1,
    pings: false
  })
  await node.start()
  stack.defer(async () => node.stop())
  return node
}

async function checkOnce(
  source: Libp2p,
  target: Libp2p,
  relay: Multiaddr,
  options: { signal: AbortSignal }
): Promise<void> {
  const dialled: Connection[] = []
  const dial = async (end: Libp2p): Promise<Connection> => {
    const connection = await end.dial(relay, { ...options, force: true })
    dialled.push(connection)
    return connection
  }
  try {
    const toTarget = await step('could not connect to the relay', options, async () => dial(target))
    await step('got no reservation', options, async () => reserve(toTarget, options))
    const toSource = await step('could not connect a second time', options, async () =>
      dial(source)
    )
    const circuit = await step('got no circuit', options, async () =>
      connect(toSource, target, options)
    )
    await step('got no bytes through its circuit', options, async () => push(circuit, options))
  } finally {
    for (const connection of dialled) connection.abort(new Error('the self-check is over'))
  }
}

async function step<T>(
  failure: string,
  { signal }: { signal: AbortSignal },
  take: () => Promise<T>
): Promise<T> {
  try {
    return await take()
  } catch (cause) {
    const why = signal.aborted ? signal.reason : cause
    const text = why instanceof Error ? why.message : String(why)
    throw new SelfCheckError(`${failure}: ${text.split('\n', 1)[0]}`, { cause })
  }
}

async function reserve(connection: Connection, options: { signal: AbortSignal }): Promise<void> {
  const stream = await askHop(connection, encodeHop({ type: 'RESERVE' }), options)
  await stream.close(options)
}

async function connect(
  connection: Connection,
  target: Libp2p,
  options: { signal: AbortSignal }
): Promise<Stream> {
  const peer = { id: target.peerId.toMultihash().bytes, addresses: [] }
  return askHop(connection, encodeHop({ type: 'CONNECT', peer }), options)
}

/** Throws unless the relay says OK. */
async function askHop(
  connection: Connection,
  request: Uint8Array,
  options: { signal: AbortSignal }
): Promise<Stream> {
  const stream = await connection.newStream(HOP_PROTOCOL, options)
  sendFrame(stream, request)
  const { status } = decodeHop(await readFrame(stream, options))
  if (status !== CircuitStatus.OK) {
    throw new Error(`the relay answered ${circuitStatusName(status)}`)
  }
  return stream
}

async function push(circuit: Stream, options: { signal: AbortSignal }): Promise<void> {
  const sent = randomBytes(PROBE_BYTES)
  const bytes = byteStream(circuit)
  circuit.resume()
  await bytes.write(sent, options)
  const back = await bytes.read({ ...options, bytes: PROBE_BYTES })
  if (!sent.equals(back.subarray())) throw new Error('other bytes came back than were sent')
}

/** The far end: takes the circuit, and returns whatever comes. Ends with its connection. */
async function sendBack(stream: Stream): Promise<void> {
  try {
    using limit = deadline(new AbortController().signal, REQUEST_MS, 'no STOP message in time')
    if (decodeStop(await readFrame(stream, limit)).type !== 'CONNECT') throw new Error('no CONNECT')
    sendFrame(stream, encodeStop({ type: 'STATUS', status: CircuitStatus.OK }))
    stream.addEventListener('message', ({ data }) => void stream.send(data))
    stream.resume()
  } catch (error) {
    stream.abort(asError(error))
  }
}

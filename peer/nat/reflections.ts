// Where a relay sees us at one of its reflecting ports, and what proves it to others.
import { createHash, randomBytes } from 'node:crypto'
import net, { type Socket } from 'node:net'
import type { Connection, PeerId, PublicKey } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { decode } from 'uint8-varint'
import { asError } from '../../shared/as-error.ts'
import { deadline } from '../../shared/deadline.ts'
import { callOff } from '../../shared/transport/connect-from.ts'
import { openAtOnce } from '../../shared/transport/optimistic-streams.ts'
import { bindBeside } from '../../shared/transport/port-reuse.ts'
import {
  decodeReflection,
  decodeReflectPorts,
  encodeReflectRequest,
  decodeReflectPortsLength,
  MAX_REFLECTION_BYTES,
  REFLECT_PROTOCOL,
  ReflectFormatError,
  reflectionStatement,
  type SignedReflection
} from '../../shared/wire/reflect.ts'
import type { Endpoint } from './nat-kind.ts'

/** Two round trips and a lost packet; nobody waits for it. */
const ANSWER_MS = 5_000

/** Of the kernel, before it sends a SYN once more. */
const SYN_REPEAT_MS = 1_000

const SALT_BYTES = 16
const MAX_PREFIX_BYTES = 2

export interface Asked {
  /** Of the relay. */
  destination: Endpoint
  relayKey: PublicKey
  self: PeerId
  /** The local end, shared with the listener; undefined: a port that the system chooses. */
  local?: Endpoint
  /** Without `atMs` it is worth nothing: a SYN that may have been lost is not waited for. */
  mustBeDated?: boolean
  signal: AbortSignal
}

export interface Seen {
  reflection: SignedReflection
  /** With our peer id it makes the commitment that the relay has signed. */
  salt: Uint8Array
  localPort: number
  /** When the SYN left, monotonic; undefined when it may have been lost and another one made the NAT's mapping. */
  atMs: number | undefined
}

/** The ports on which a relay reflects; none when it does not. Throws what goes wrong on the way, or the signal's reason. */
export async function reflectPortsOf(
  connection: Pick<Connection, 'newStream'>,
  { signal }: { signal: AbortSignal }
): Promise<number[]> {
  using limit = deadline(signal, ANSWER_MS, 'the relay does not tell its reflecting ports')
  const stream = await openAtOnce(connection, REFLECT_PROTOCOL, { signal: limit.signal })
  try {
    const frames = lpStream(stream, { lengthDecoder: decodeReflectPortsLength })
    const ports = decodeReflectPorts((await frames.read({ signal: limit.signal })).subarray())
    void stream.close({ signal }).catch((error: Error) => stream.abort(error))
    return ports
  } catch (error) {
    stream.abort(asError(error))
    throw error
  }
}

/** Asks once. Throws the system's error, a ReflectFormatError, or the signal's reason. */
export async function askReflection(asked: Asked): Promise<Seen> {
  const { destination, self, local, relayKey, mustBeDated = false } = asked
  using limit = deadline(asked.signal, ANSWER_MS, 'the relay does not reflect')
  limit.signal.throwIfAborted()
  const salt = new Uint8Array(randomBytes(SALT_BYTES))
  const commitment = commitmentOf(salt, self)
  const handle = local && bindBeside(local.host, local.port)
  // Half-open, or the relay's end would begin ours, and there would be nothing left to reset.
  const socket = new net.Socket({ allowHalfOpen: true, ...(handle && { handle }) })
  socket.on('error', () => undefined) // the reader is told
  const abort = (): void => callOff(socket, asError(limit.signal.reason))
  limit.signal.addEventListener('abort', abort, { once: true })
  let late: NodeJS.Timeout | undefined
  try {
    const leftMs = performance.now()
    let atMs: number | undefined
    if (mustBeDated) late = setTimeout(callOff, SYN_REPEAT_MS, socket, new Error('a SYN was lost'))
    socket.once('connect', () => {
      clearTimeout(late)
      if (performance.now() - leftMs < SYN_REPEAT_MS) atMs = leftMs
    })
    socket.connect(destination)
    socket.write(encodeReflectRequest(commitment))
    const reflection = decodeReflection(await readAnswer(socket))
    const localPort = socket.localPort ?? 0
    if (!(await isSignedBy(relayKey, commitment, reflection))) {
      throw new ReflectFormatError('a reflection that the relay has not signed')
    }
    return { reflection, salt, localPort, atMs }
  } finally {
    clearTimeout(late)
    limit.signal.removeEventListener('abort', abort)
    // A FIN would keep the two ports together for a minute, and the next question would not leave.
    socket.resetAndDestroy()
  }
}

/** What a peer commits itself to when it asks, so that no other peer can show the answer as its own. */
export function commitmentOf(salt: Uint8Array, peer: PeerId): Uint8Array {
  return new Uint8Array(createHash('sha256').update(salt).update(peer.toMultihash().bytes).digest())
}

export async function isSignedBy(
  key: PublicKey,
  commitment: Uint8Array,
  reflection: SignedReflection
): Promise<boolean> {
  try {
    return await key.verify(reflectionStatement(commitment, reflection), reflection.signature)
  } catch {
    return false // no signature of that kind of key at all
  }
}

/** One message behind its length, whatever the pieces it comes in. */
async function readAnswer(socket: Socket): Promise<Uint8Array> {
  let received = Buffer.alloc(0)
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    const piece: Buffer = chunk
    received = Buffer.concat([received, piece])
    const message = wholeMessage(received)
    if (message !== undefined) return message
  }
  throw new ReflectFormatError('the relay closes before it has reflected')
}

/** Throws for what is too long. */
function wholeMessage(received: Uint8Array): Uint8Array | undefined {
  const prefix = received.findIndex((byte) => byte < 0x80) + 1
  if (prefix === 0 && received.byteLength < MAX_PREFIX_BYTES) return undefined
  const length = prefix === 0 || prefix > MAX_PREFIX_BYTES ? Infinity : decode(received)
  if (length > MAX_REFLECTION_BYTES) throw new ReflectFormatError('a reflection that is too long')
  return received.byteLength < prefix + length ? undefined : received.slice(prefix, prefix + length)
}

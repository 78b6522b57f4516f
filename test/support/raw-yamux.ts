// A connection with a proper handshake, on which a test then speaks yamux by hand: whatever frames it likes.
// https://github.com/hashicorp/yamux/blob/master/spec.md
import assert from 'node:assert/strict'
import { noise } from '@chainsafe/libp2p-noise'
import type { MessageStream, StreamMuxer, StreamMuxerEvents } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import type { Multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { TypedEventEmitter } from 'main-event'
import { proposal } from '../../shared/transport/multistream-answer.ts'
import { patience } from './raw-circuit.ts'

export const FRAME = { data: 0, windowUpdate: 1, ping: 2, goAway: 3 } as const
export const FLAG = { none: 0, syn: 1, ack: 2, fin: 4, rst: 8 } as const

const HEADER_BYTES = 12

/** Of a data frame `length` is that of what follows. Streams of who dialled have odd ids. */
export function yamuxHeader(type: number, flags: number, id: number, length: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt8(type, 1)
  header.writeUInt16BE(flags, 2)
  header.writeUInt32BE(id, 4)
  header.writeUInt32BE(length, 8)
  return header
}

export const dataFrame = (id: number, data: Uint8Array, flags: number = FLAG.none): Buffer =>
  Buffer.concat([yamuxHeader(FRAME.data, flags, id, data.byteLength), data])

/** Opens a stream and sends this, without a wait for any answer. */
export const opening = (id: number, protocol: string, bytes: Uint8Array = Buffer.of()): Buffer =>
  dataFrame(id, Buffer.concat([proposal(protocol), bytes]), FLAG.syn)

/** The connection, encrypted, and nothing on top of it. */
export interface RawConnection extends AsyncDisposable {
  /** To be paused, for one. */
  secured: MessageStream
  /** Resolves when the relay's system has taken most of it, or the relay has ended the connection. */
  send(bytes: Uint8Array): Promise<void>
  /** Resolves when the relay has looked at all that was sent, as its answer to a ping tells, or has ended the connection. */
  seen(): Promise<void>
  /** Whether the relay has not ended it. */
  readonly open: boolean
  /** Resolves when the relay has. */
  readonly ended: Promise<void>
}

class NoMuxer extends TypedEventEmitter<StreamMuxerEvents> implements StreamMuxer {
  readonly protocol = '/yamux/1.0.0'
  readonly streams = []
  readonly status = 'open'

  async createStream(): Promise<never> {
    throw new Error('this connection is spoken by hand')
  }

  async close(): Promise<void> {}

  abort(): void {}
}

/** Dials from that address of this machine. */
export async function rawConnection(
  address: Multiaddr,
  { from }: { from?: string } = {}
): Promise<RawConnection> {
  let secured: MessageStream | undefined
  const muxer = {
    protocol: '/yamux/1.0.0',
    createStreamMuxer: (connection: MessageStream) => {
      secured = connection
      return new NoMuxer()
    }
  }
  const local: object = from === undefined ? {} : { localAddress: from }
  const node = await createLibp2p({
    transports: [tcp({ dialOpts: local })],
    connectionEncrypters: [noise()],
    streamMuxers: [() => muxer],
    connectionMonitor: { enabled: false },
    connectionGater: { denyDialMultiaddr: () => false }
  })
  const connection = await node.dial(address, { signal: patience() })
  assert.ok(secured !== undefined)
  const raw = secured
  const over = Promise.withResolvers<void>()
  raw.addEventListener('close', () => over.resolve())
  const pongs = new Map<number, () => void>()
  let pings = 0
  readHeaders(raw, (header) => {
    const isPong = header.readUInt8(1) === FRAME.ping && header.readUInt16BE(2) === FLAG.ack
    if (isPong) pongs.get(header.readUInt32BE(8))?.()
  })
  return {
    secured: raw,
    get open() {
      return raw.status === 'open'
    },
    ended: over.promise,
    send: async (bytes) => {
      if (raw.status !== 'open' || raw.send(bytes)) return
      const drained = Promise.withResolvers<void>()
      raw.addEventListener('drain', () => drained.resolve(), { once: true })
      await Promise.race([drained.promise, over.promise])
    },
    seen: async () => {
      const id = ++pings
      const pong = Promise.withResolvers<void>()
      pongs.set(id, pong.resolve)
      if (raw.status === 'open') raw.send(yamuxHeader(FRAME.ping, FLAG.syn, 0, id))
      await Promise.race([pong.promise, over.promise])
      pongs.delete(id)
    },
    [Symbol.asyncDispose]: async () => {
      connection.abort(new Error('the test is over'))
      await node.stop()
    }
  }
}

/** Of every frame that comes in; what they carry is passed over. */
function readHeaders(secured: MessageStream, onHeader: (header: Buffer) => void): void {
  let rest = Buffer.alloc(0)
  secured.addEventListener('message', ({ data }) => {
    rest = Buffer.concat([rest, data.subarray()])
    for (;;) {
      if (rest.byteLength < HEADER_BYTES) return
      const body = rest.readUInt8(1) === FRAME.data ? rest.readUInt32BE(8) : 0
      if (rest.byteLength < HEADER_BYTES + body) return
      onHeader(rest.subarray(0, HEADER_BYTES))
      rest = rest.subarray(HEADER_BYTES + body)
    }
  })
}

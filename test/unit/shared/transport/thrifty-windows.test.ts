// What a receiver answers to data, and that data goes on arriving.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { yamux } from '@chainsafe/libp2p-yamux'
import type {
  MultiaddrConnection,
  Stream,
  StreamMuxer,
  StreamMuxerFactory
} from '@libp2p/interface'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { thriftyWindows } from '../../../../shared/transport/thrifty-windows.ts'

const plain = (): StreamMuxerFactory => yamux({ enableKeepAlive: false })()
const thrifty = (): StreamMuxerFactory => thriftyWindows(plain)({})
const WINDOW_BYTES = 256 * 1024

/** Window updates are the frames of 12 bytes that a receiver sends. */
async function receive(
  receiver: () => StreamMuxerFactory,
  { pieces, bytes }: { pieces: number; bytes: number }
): Promise<{ updates: number; received: number }> {
  const [near, far] = multiaddrConnectionPair({ delay: 0 })
  let updates = 0
  count(far, () => updates++)
  const [sends, receives]: StreamMuxer[] = [
    plain().createStreamMuxer(near),
    receiver().createStreamMuxer(far)
  ]
  assert.ok(sends !== undefined && receives !== undefined)
  let received = 0
  const all = Promise.withResolvers<void>()
  receives.addEventListener('stream', ({ detail }: CustomEvent<Stream>) => {
    detail.addEventListener('message', ({ data }) => {
      received += data.byteLength
      if (received >= pieces * bytes) all.resolve()
    })
  })
  const stream = await sends.createStream()
  const signal = AbortSignal.timeout(5000)
  for (let n = 0; n < pieces; n++) {
    if (!stream.send(Buffer.alloc(bytes))) await once(stream, 'drain', { signal })
  }
  await all.promise
  return { updates, received }
}

function count(connection: MultiaddrConnection, sent: () => void): void {
  const send = connection.send.bind(connection)
  connection.send = (data) => {
    sent()
    return send(data)
  }
}

describe('windows that are enlarged by halves', () => {
  it('answers a few small frames with nothing but that the stream is taken', async () => {
    const load = { pieces: 20, bytes: 100 }
    assert.ok((await receive(plain, load)).updates >= 20)
    assert.equal((await receive(thrifty, load)).updates, 1)
  })

  it('lets many windows through', async () => {
    const { received, updates } = await receive(thrifty, { pieces: 100, bytes: 50_000 })
    assert.equal(received, 5_000_000)
    assert.ok(updates <= (2 * received) / WINDOW_BYTES + 1, `${updates} updates`)
  })
})

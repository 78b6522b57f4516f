// The two ends of one yamux stream over an in-memory connection: real windows, no sockets.
import { yamux } from '@chainsafe/libp2p-yamux'
import type { Stream, StreamMuxer } from '@libp2p/interface'
import { multiaddrConnectionPair } from '@libp2p/utils'

export interface YamuxPair {
  near: Stream
  far: Stream
  /** Closes the connection under the stream, as a peer that leaves does. */
  disconnect(): Promise<void>
}

export async function yamuxPair(): Promise<YamuxPair> {
  const [nearConnection, farConnection] = multiaddrConnectionPair({ delay: 0 })
  const factory = yamux({ enableKeepAlive: false })()
  const nearMuxer = factory.createStreamMuxer(nearConnection)
  const farMuxer = factory.createStreamMuxer(farConnection)
  const arrived = Promise.withResolvers<Stream>()
  farMuxer.addEventListener('stream', ({ detail }) => arrived.resolve(detail), { once: true })
  // A known round trip is what lets the muxers enlarge their windows.
  await Promise.all([measureRoundTrip(nearMuxer), measureRoundTrip(farMuxer)])
  const near = await nearMuxer.createStream()
  const far = await arrived.promise
  return { near, far, disconnect: async () => nearConnection.close() }
}

async function measureRoundTrip(muxer: StreamMuxer): Promise<void> {
  if ('ping' in muxer && typeof muxer.ping === 'function') await muxer.ping()
}

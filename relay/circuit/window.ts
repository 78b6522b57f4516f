// How much of a circuit may be under way to the relay before it has been passed on.
import type { Stream } from '@libp2p/interface'

/**
 * Yamux's first window, and here also its last. By itself it doubles up to 16 MiB while data is taken quickly, and when
 * the receiver then stalls, 16 MiB arrive at a paused stream, which aborts at 4 MiB; or, were it allowed to hold them,
 * a peer with 64 stalled circuits would fill the relay's memory. 256 KiB are 6 MB/s at a round trip of 40 ms.
 */
export const CIRCUIT_WINDOW_BYTES = 256 * 1024

/** A yamux stream beside its public face; the muxer's own option would hold for every stream of the node. */
interface GrowingStream extends Stream {
  maxStreamWindowSize: number
}

/** As soon as there is the stream: what a window has grown by cannot be taken back. */
export function keepWindowSmall(stream: Stream): void {
  if (isGrowing(stream)) stream.maxStreamWindowSize = CIRCUIT_WINDOW_BYTES
}

function isGrowing(stream: Stream): stream is GrowingStream {
  return 'maxStreamWindowSize' in stream
}

// The end of a stream on which a relay has answered what it was asked.
import type { Stream } from '@libp2p/interface'

/** The stream has served; a relay that does not close its side is not waited for. */
const CLOSE_TIMEOUT_MS = 1_000

/** A relay that leaves its side open would use up the streams that a connection may have. */
export function closeServed(stream: Stream): void {
  const cut = setTimeout(() => stream.abort(new Error('it has served')), CLOSE_TIMEOUT_MS).unref()
  stream.addEventListener('close', () => clearTimeout(cut))
  stream.close().catch((error: Error) => stream.abort(error))
}

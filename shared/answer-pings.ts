// Answers /ipfs/ping/1.0.0 as both programs do.
import { type Ping, ping, type PingComponents } from '@libp2p/ping'

/**
 * The library resets the stream of whoever pings after 10 s. A peer asks every 8 s on one stream that it keeps, so
 * that a quiet connection costs two packets each time and not a dozen; now and then a new one does not matter.
 */
const KEPT_OPEN_MS = 300_000

export function answerPings(): (components: PingComponents) => Ping {
  return ping({ timeout: KEPT_OPEN_MS })
}

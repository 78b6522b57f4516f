// Bytes that come back: /ipfs/ping/1.0.0 with as many of its 32-byte questions at once as make up a size.
// https://github.com/libp2p/specs/blob/master/ping/ping.md
import type { Connection } from '@libp2p/interface'
import { PING_BYTES, PING_PROTOCOL } from '../../../shared/answer-pings.ts'
import { deadline } from '../../../shared/deadline.ts'
import { openAtOnce } from '../../../shared/transport/optimistic-streams.ts'
import { unlessAborted } from '../../unless-aborted.ts'
import type { Echoed } from '../assess/large-packets.ts'
import { roundMs } from './tcp-connect.ts'

const PINGS = 6

/**
 * More than one full packet of Ethernet, then some, then many; multiples of 32. The first is what a tunnel with a
 * smaller MTU drops already.
 */
const LARGE_BYTES = [1_408, 4_096, 16_000]

/** The kernel repeats what was lost after 0.2 s and twice more within this; what is dropped each time never comes. */
const ECHO_TIMEOUT_MS = 2_500

/** Round trips in ms; fewer than asked for when one of them did not come back. The stream's own opening is not counted. */
export async function pingTimes(connection: Connection, signal: AbortSignal): Promise<number[]> {
  const echoed = await echoes(connection, Array<number>(PINGS).fill(PING_BYTES), signal)
  return echoed.slice(1).flatMap(({ ms }) => (ms === undefined ? [] : [ms]))
}

/** Ends with the first that does not come back: what is stuck stays stuck. */
export async function largeEchoes(connection: Connection, signal: AbortSignal): Promise<Echoed[]> {
  return echoes(connection, LARGE_BYTES, signal)
}

async function echoes(
  connection: Connection,
  sizes: readonly number[],
  outer: AbortSignal
): Promise<Echoed[]> {
  const stream = await openAtOnce(connection, PING_PROTOCOL, { signal: outer })
  let came = 0
  let wanted = 0
  let enough: (() => void) | undefined
  stream.addEventListener('message', ({ data }) => {
    came += data.byteLength
    if (came >= wanted) enough?.()
  })
  const echoed: Echoed[] = []
  try {
    for (const bytes of sizes) {
      using limit = deadline(outer, ECHO_TIMEOUT_MS, 'the echo did not come back')
      const { promise, resolve } = Promise.withResolvers<void>()
      came = 0
      wanted = bytes
      enough = resolve
      const startedMs = performance.now()
      stream.send(crypto.getRandomValues(new Uint8Array(bytes)))
      const isBack = await unlessAborted(promise, limit.signal).then(
        () => true,
        () => false
      )
      outer.throwIfAborted()
      echoed.push({ bytes, ms: isBack ? roundMs(performance.now() - startedMs) : undefined })
      if (!isBack) break
    }
    return echoed
  } finally {
    stream.abort(new Error('nothing is asked any more'))
  }
}

// Length-prefixed requests from a stream, with a limit on their size and two deadlines: how long a stream may be
// silent between two requests, and how long it may take over one.
import type { Stream } from '@libp2p/interface'
import { UnexpectedEOFError, type ByteStream } from '@libp2p/utils'
import { deadline } from '../../shared/deadline.ts'

export interface FrameLimits {
  maxFrameBytes: number
  idleMs: number
  stallMs: number
}

/** Ends a stream whose remote has done nothing wrong. */
export class BlamelessError extends Error {
  override name = 'BlamelessError'
}

/** The next frame without its length, or undefined when the remote has closed the stream between two. */
export async function readFrame(
  bytes: ByteStream<Stream>,
  limits: FrameLimits,
  signal: AbortSignal
): Promise<Uint8Array | undefined> {
  using idle = deadline(signal, limits.idleMs, `no request for ${limits.idleMs} ms`)
  const first = await readByte(bytes, idle.signal).catch((error: unknown) => {
    if (error instanceof UnexpectedEOFError) return undefined
    throw idle.signal.aborted ? new BlamelessError(String(idle.signal.reason)) : error
  })
  if (first === undefined) return undefined

  using stall = deadline(signal, limits.stallMs, `a request took more than ${limits.stallMs} ms`)
  const length = await readLength(first, bytes, limits.maxFrameBytes, stall.signal)
  const frame = await bytes.read({ bytes: length, signal: stall.signal })
  return frame.subarray()
}

async function readLength(
  first: number,
  bytes: ByteStream<Stream>,
  maxFrameBytes: number,
  signal: AbortSignal
): Promise<number> {
  let length = first & 0x7f
  let last = first
  for (let shift = 7; last >= 0x80; shift += 7) {
    // Not minimal, or too large: both end here, whatever follows.
    if (shift > 21) throw new Error('a request whose length does not end')
    last = await readByte(bytes, signal)
    length += (last & 0x7f) << shift
  }
  if (length > maxFrameBytes) throw new Error(`a request of ${length} bytes`)
  return length
}

async function readByte(bytes: ByteStream<Stream>, signal: AbortSignal): Promise<number> {
  const list = await bytes.read({ bytes: 1, signal })
  return list.get(0)
}

// Answers /ipfs/ping/1.0.0 as both programs do: one ping after the other, and no further than the remote takes answers.
// The library takes in whatever is sent meanwhile: 200 MB of pings whose answers nobody read cost 200 MB.
// https://github.com/libp2p/specs/blob/master/ping/ping.md
import { setMaxListeners } from 'node:events'
import type { Startable, Stream } from '@libp2p/interface'
import type { Registrar } from '@libp2p/interface-internal'
import { byteStream, UnexpectedEOFError } from '@libp2p/utils'
import { asError } from './as-error.ts'
import { deadline } from './deadline.ts'

export const PING_PROTOCOL = '/ipfs/ping/1.0.0'
export const PING_BYTES = 32

/** The specification: two, because a new one may come in before the end of the old one does. */
const MAX_STREAMS = 2
/** Pings that may be on their way ahead of the answers: twice what `parley doctor` sends at once to measure large packets. */
const MAX_AHEAD_BYTES = 1024 * PING_BYTES
/**
 * A peer asks every 8 s on one stream that it keeps, so that a quiet connection costs two packets each time and not a
 * dozen; now and then a new one does not matter.
 */
const KEPT_OPEN_MS = 300_000

interface PingAnswersComponents {
  registrar: Pick<Registrar, 'handle' | 'unhandle'>
}

/** For the `services` of a node. */
export function answerPings(): (components: PingAnswersComponents) => PingAnswers {
  return (components) => new PingAnswers(components)
}

class PingAnswers implements Startable {
  readonly #components: PingAnswersComponents
  #stopping = new AbortController()

  constructor(components: PingAnswersComponents) {
    this.#components = components
  }

  async start(): Promise<void> {
    this.#stopping = new AbortController()
    // One listener for every stream.
    setMaxListeners(0, this.#stopping.signal)
    await this.#components.registrar.handle(PING_PROTOCOL, this.#answer, {
      maxInboundStreams: MAX_STREAMS,
      runOnLimitedConnection: true
    })
  }

  async stop(): Promise<void> {
    await this.#components.registrar.unhandle(PING_PROTOCOL)
    this.#stopping.abort(new Error('the node stops'))
  }

  #answer = async (stream: Stream): Promise<void> => {
    using limit = deadline(this.#stopping.signal, KEPT_OPEN_MS, 'pinged for long enough')
    const { signal } = limit
    try {
      await echo(stream, signal)
      await stream.close({ signal })
    } catch (error) {
      stream.abort(asError(error))
    }
  }
}

/** Resolves when the remote has ended its side. */
async function echo(stream: Stream, signal: AbortSignal): Promise<void> {
  const bytes = byteStream(stream, { maxBufferSize: MAX_AHEAD_BYTES })
  for (;;) {
    const ping = await bytes.read({ bytes: PING_BYTES, signal }).catch((error: unknown) => {
      if (error instanceof UnexpectedEOFError) return undefined
      throw error
    })
    if (ping === undefined) return
    await bytes.write(ping, { signal })
  }
}

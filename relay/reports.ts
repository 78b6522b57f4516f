// The relay's side of /parley/report: counts what peers tell of their punches. Their word is all there is to it, so
// nothing but a metric is made of it.
import type { Connection, PeerId, Stream, StreamHandlerOptions } from '@libp2p/interface'
import { asError } from '../shared/as-error.ts'
import { deadline } from '../shared/deadline.ts'
import { CircuitMessageError } from '../shared/wire/circuit.ts'
import {
  decodeReport,
  REPORT_PROTOCOL,
  ReportMessageError,
  type PunchReport
} from '../shared/wire/report.ts'
import type { Books } from './books.ts'
import { closeBothWays } from './circuit/close-both-ways.ts'
import { countRequest } from './circuit/context.ts'
import { readFrame } from './circuit/frames.ts'
import type { RelayListener } from './events.ts'
import { whyOf } from './why.ts'

export interface ReportsInit {
  books: Books
  onReport: (report: PunchReport) => void
  /** The peer has sent what is no report, or asks on although it may not. */
  onOffence: (peer: PeerId) => void
  onEvent: RelayListener
}

/** What is used of a libp2p node. */
export interface ReportsNode {
  handle(
    protocol: string,
    handler: (stream: Stream, connection: ReportsConnection) => void,
    options: StreamHandlerOptions
  ): Promise<void>
}

type ReportsConnection = Pick<Connection, 'remotePeer' | 'remoteAddr'>

/** A peer tells of one punch at a time. */
const MAX_STREAMS_PER_CONNECTION = 2

/** Ends with the node, or with `signal`. */
export async function serveReports(
  node: ReportsNode,
  init: ReportsInit,
  { signal }: { signal: AbortSignal }
): Promise<void> {
  const onStream = (stream: Stream, connection: ReportsConnection): void =>
    void serve(init, { stream, connection, signal })
  await node.handle(REPORT_PROTOCOL, onStream, { maxInboundStreams: MAX_STREAMS_PER_CONNECTION })
}

interface Served {
  stream: Stream
  connection: ReportsConnection
  signal: AbortSignal
}

/** Never rejects. A report is a request like one of HOP, and counted as such. */
async function serve(
  { books, onReport, onOffence, onEvent }: ReportsInit,
  { stream, connection, signal }: Served
): Promise<void> {
  const ms = books.limits['hop-seconds'] * 1000
  using limit = deadline(signal, ms, 'no report in time')
  const peer = connection.remotePeer.toString()
  try {
    const refused = books.access.refuses(peer) ?? countRequest({ books, onOffence }, connection)
    if (refused !== undefined) {
      onEvent({ event: 'report', peer, action: 'refused', ...whyOf(refused) })
      throw new Error(refused.reason)
    }
    onReport(decodeReport(await readFrame(stream, limit)))
    await closeBothWays(stream, limit)
  } catch (error) {
    if (error instanceof CircuitMessageError || error instanceof ReportMessageError)
      onOffence(connection.remotePeer)
    stream.abort(asError(error))
  }
}

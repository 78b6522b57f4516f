// /parley/report/1.0.0: a peer that chooses to tells a relay how the search for a direct path has ended, so that its
// operator sees how often relaying stays. (pure: bytes in, values out)
//
//   the peer opens a stream
//   peer → relay   PUNCH { outcome, ownPort, remotePort }     and closes
//
// Nothing is answered, and nobody is named: what a relay keeps of it is a count. The message stands behind its length as
// a uvarint. Numbers that a later version may send count as "unknown", but for outcomes.
import { FieldError, readFields } from './field-reader.ts'
import { FieldWriter } from './field-writer.ts'

export const REPORT_PROTOCOL = '/parley/report/1.0.0'

const OUTCOMES = ['direct', 'failed'] as const
const PORTS = ['unknown', 'kept', 'changed'] as const

export type PunchOutcome = (typeof OUTCOMES)[number]

/** What a NAT, or none, has made of the port that its peer listens on, as others see it. */
export type PortFate = (typeof PORTS)[number]

export interface PunchReport {
  outcome: PunchOutcome
  ownPort: PortFate
  remotePort: PortFate
}

/** Bytes that are not a report. */
export class ReportMessageError extends Error {
  override name = 'ReportMessageError'
}

export const encodeReport = ({ outcome, ownPort, remotePort }: PunchReport): Uint8Array =>
  new FieldWriter()
    .uint(1, OUTCOMES.indexOf(outcome) + 1)
    .uint(2, PORTS.indexOf(ownPort))
    .uint(3, PORTS.indexOf(remotePort))
    .finish()

const fate = (number: number): PortFate => PORTS[number] ?? 'unknown'

/** Throws ReportMessageError. */
export function decodeReport(bytes: Uint8Array): PunchReport {
  const numbers = { outcome: 0, ownPort: 0, remotePort: 0 }
  try {
    readFields(bytes, 'message', {
      1: (field) => (numbers.outcome = field.clampedUint('outcome')),
      2: (field) => (numbers.ownPort = field.clampedUint('ownPort')),
      3: (field) => (numbers.remotePort = field.clampedUint('remotePort'))
    })
  } catch (cause) {
    if (!(cause instanceof FieldError)) throw cause
    throw new ReportMessageError(`a report is malformed: ${cause.message}`, { cause })
  }
  const outcome = OUTCOMES[numbers.outcome - 1]
  if (outcome === undefined) throw new ReportMessageError('a report without an outcome')
  return { outcome, ownPort: fate(numbers.ownPort), remotePort: fate(numbers.remotePort) }
}

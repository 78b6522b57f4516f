// What can go wrong with a reservation beside a refusal. (pure)

export type ReservationFault =
  /** It does not speak the protocol. */
  | 'no-hop'
  | 'no-answer'
  /** The stream ended before the answer. */
  | 'broken-off'
  /** The answer cannot be read or grants nothing. */
  | 'garbage'
  | 'wrong-voucher'

/** A relay that neither grants nor refuses. */
export class ReservationError extends Error {
  override name = 'ReservationError'
  readonly fault: ReservationFault

  constructor(fault: ReservationFault, message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.fault = fault
  }
}

// What the library's message streams answer themselves when they hand bytes on.

export interface SendResult {
  sentBytes: number
  /** False: only after a `drain` event. */
  canSendMore: boolean
}

// What conversations offer, and what they tell those who watch them.

/** The connection that carries a conversation. */
export interface Carrier {
  connectionId: string
  direct: boolean
  /** The remote's multiaddr. */
  address: string
}

/** `peer` is a peer id throughout, `id` a message's. */
export type ConversationEvent =
  /** A peer introduced itself: for the first time, again after a restart or a BYE, or with another name or rooms. */
  | { type: 'hello'; peer: string; name: string; rooms: string[] }
  /** It said that it leaves: one room, or altogether. */
  | { type: 'bye'; peer: string; room?: string; reason?: string }
  /**
   * `room` as the sender names it: not ours when it has waited since both were in another one. It is absent when the
   * message was meant for us alone, or came by `/p2p/msg/1.0.0`.
   */
  | { type: 'message'; peer: string; room?: string; id: string; text: string; sentAtMs: number }
  /** It is on disk, and on its way to those peers as soon as there is one. */
  | { type: 'sent'; id: string; to: string[] }
  /** It could not be stored and goes nowhere. */
  | { type: 'unsent'; id: string; to: string[]; reason: string }
  | { type: 'delivered'; id: string; peer: string }
  /** The peer has gone; what waits for it is delivered when it is met again, in this run or a later one. */
  | { type: 'waiting'; peer: string; messages: number }
  /** Messages cannot be stored: told once until they can again. */
  | { type: 'trouble'; error: Error }
  /** Was accepted from the user and cannot be delivered after all. */
  | { type: 'refused'; id: string; peer: string; reason: string }
  /** Another connection carries the conversation now; none: what is sent waits. */
  | { type: 'carrier'; peer: string; carrier?: Carrier; reason: string }

export interface SentMessage {
  /** A UUID. */
  id: string
  /** Peers at which it will arrive, now or later. */
  to: string[]
  /** Peers at which it will not, and why. */
  refused: Array<{ peer: string; reason: string }>
}

/** Peers are named by their peer ids. */
export interface Conversations extends AsyncDisposable {
  /** Keeps a conversation with that peer from now on, whenever there is a connection to it. */
  admit(peer: string): void
  /** Ends the conversation; what still waits for that peer stays, and is told as `waiting`. */
  dismiss(peer: string, reason: string): Promise<void>
  /** `sent` or `unsent` follows. Never throws for a peer; throws UserError for a text that is empty or too long. */
  send(message: { text: string; to: string[]; room?: string }): SentMessage
  /** Resolves when nothing waits for anybody who has not gone, rejects with the signal's reason. */
  delivered(signal: AbortSignal): Promise<void>
  /** Messages that wait for that peer's acknowledgement. */
  undelivered(peer: string): number
  /** What carries the conversation with that peer now. */
  carrier(peer: string): Carrier | undefined
  /** Calls the listener with every event from now on, until the returned function is called. */
  subscribe(listener: (event: ConversationEvent) => void): () => void
}

// Who may use the relay at all, whatever is free: asked before any limit is. (pure)

/** Each answers undefined for yes, or why not: the operator reads it, the remote is told PERMISSION_DENIED or the like. */
export interface AccessPolicy {
  mayReserve(peer: string): string | undefined
  mayConnect(from: string, to: string): string | undefined
  /** To register in it, and to ask who is there. */
  mayUseRoom(peer: string, room: string): string | undefined
}

export const OPEN_TO_ALL: AccessPolicy = {
  mayReserve: () => undefined,
  mayConnect: () => undefined,
  mayUseRoom: () => undefined
}

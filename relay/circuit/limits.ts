// How many streams one connection may have: of HOP, of STOP, and in all. (pure)

/** Above `circuits-per-peer` at its highest, so that the refusal is a status with a reason and not a reset stream. */
export const MAX_HOP_STREAMS = 256
export const MAX_STOP_STREAMS = 256

/** That the remote has opened: those of HOP, a dozen of other protocols, and as many whose protocol is not agreed yet. */
export const MAX_INBOUND_STREAMS = 2 * MAX_HOP_STREAMS

// How many streams of HOP and STOP one connection may have. (pure)

/** Above `circuits-per-peer` at its highest, so that the refusal is a status with a reason and not a reset stream. */
export const MAX_HOP_STREAMS = 256
export const MAX_STOP_STREAMS = 256

// How many rounds of dials a peer may cost us: each is up to a hundred SYNs to each address it names. (pure)
import { PerMinute } from '../per-minute.ts'

/** Five quick rounds make a punch; a clash, or a connection that comes back, costs a few more. */
export const MAX_ROUNDS_PER_MINUTE = 12

/** By peer. */
export class RoundBudget extends PerMinute {
  constructor() {
    super(MAX_ROUNDS_PER_MINUTE)
  }
}

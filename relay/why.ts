// Why something was refused or ended: a sentence, and the limit or the rule that it came from. (pure)
import type { AccessRule } from './access/access.ts'
import type { LimitName } from './limits.ts'

export interface Why {
  reason: string
  limit?: LimitName
  rule?: AccessRule
}

/** Without whatever else stands beside it. */
export function whyOf({ reason, limit, rule }: Why): Why {
  return {
    reason,
    ...(limit === undefined ? {} : { limit }),
    ...(rule === undefined ? {} : { rule })
  }
}

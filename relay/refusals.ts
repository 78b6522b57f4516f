// Counts what limits have refused or ended, and keeps a flood of that, and of refusals by rules of access, out of the log. (pure: time is an argument)
import { RecentMap } from '../shared/recent-map.ts'
import type { RelayEvent } from './events.ts'
import { refusalName } from './status/reason-names.ts'
import { eachLimit, type LimitName } from './limits.ts'

/** One line in that time is enough to find out who it is. */
const REPEAT_MS = 10_000
/** Peers and hosts that were told about lately; beyond that the oldest is forgotten, and told about again. */
const MAX_REMEMBERED = 1000

type Caused = Extract<
  RelayEvent,
  {
    event:
      | 'reservation'
      | 'circuit'
      | 'registration'
      | 'connection'
      | 'stream'
      | 'access'
      | 'meeting'
      | 'report'
      | 'dial-back'
  }
>

export class Refusals {
  readonly counts: Record<LimitName, number> = eachLimit(() => 0)
  readonly #told = new RecentMap<string, { atMs: number; more: number }>(MAX_REMEMBERED)

  /** The event as it is to be told, with how many like it were not; undefined when it is not to be told. */
  note(event: RelayEvent, nowMs: number): RelayEvent | undefined {
    if (!isCaused(event)) return event
    const { limit, rule, reason } = event
    if (limit !== undefined) this.counts[limit]++
    if (isEnd(event)) return event
    const key = `${limit ?? rule ?? `${event.event} ${refusalName(reason ?? '')}`} ${subject(event)}`
    const before = this.#told.get(key)
    if (before !== undefined && nowMs - before.atMs < REPEAT_MS) {
      before.more++
      return undefined
    }
    this.#told.set(key, { atMs: nowMs, more: 0 })
    const more = before?.more ?? 0
    if (more === 0) return event
    return { ...event, reason: `${reason ?? ''} (and ${more} more like it)` }
  }
}

/** Refused, or ended by a limit or a rule. */
function isCaused(event: RelayEvent): event is Caused {
  return 'limit' in event || 'rule' in event || ('action' in event && event.action === 'refused')
}

/** What has ended was granted, and is told about like every other. */
const isEnd = ({ event, action }: Caused): boolean =>
  (event === 'circuit' && action === 'closed') || (event === 'reservation' && action === 'released')

function subject(event: Caused): string {
  if (event.event === 'circuit') return event.from
  if (event.event !== 'connection') return event.peer
  // A host has as many peer ids as it likes: what runs into a limit is told with the first of them.
  return event.limit === undefined ? (event.peer ?? event.host) : event.host
}

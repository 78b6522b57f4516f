// Decides which of the connections to a peer carries the conversation: direct over relayed, younger over older. (pure)

export interface Path {
  /** The connection's id. */
  id: string
  direct: boolean
  openedAtMs: number
  /** libp2p's: only `open` can carry anything. */
  status: 'open' | 'closing' | 'closed' | 'aborted' | 'reset'
  /** A stream failed here: not before this moment again. */
  retryAtMs?: number
}

export interface Route {
  /** The connection that should carry the conversation; none: it waits. */
  path?: Path
  /** Whether that is another one than now. */
  move: boolean
  /** Why, in a sentence for the user. */
  reason: string
  /** When to ask again, if a connection is only held back by its last failure. */
  retryAtMs?: number
}

export interface Carried {
  /** The id of the connection that carries the conversation now, or did last. */
  carrying: string | undefined
  /** Why that one ended, where more is known than that it closed. */
  whyEnded?: string | undefined
}

export function chooseRoute(
  paths: Path[],
  { carrying, whyEnded = 'its connection closed' }: Carried,
  nowMs: number
): Route {
  const open = paths.filter(({ status }) => status === 'open')
  const usable = open.filter(({ retryAtMs }) => (retryAtMs ?? 0) <= nowMs)
  const current = usable.find(({ id }) => id === carrying)
  const held = open.flatMap(({ retryAtMs }) =>
    retryAtMs !== undefined && retryAtMs > nowMs ? [retryAtMs] : []
  )
  const retry = held.length === 0 ? {} : { retryAtMs: Math.min(...held) }
  const best = usable.reduce(better, current)
  if (best === undefined)
    return { move: carrying !== undefined, reason: whyNone(open, carrying && whyEnded), ...retry }
  if (best === current)
    return { path: best, move: false, reason: 'the best connection carries it', ...retry }
  return { path: best, move: true, reason: whyMove(current, best, carrying && whyEnded), ...retry }
}

/** Of equals the first stays: a conversation does not move without a reason. */
function better(best: Path | undefined, path: Path): Path {
  if (best === undefined) return path
  if (best.direct !== path.direct) return best.direct ? best : path
  return path.openedAtMs > best.openedAtMs ? path : best
}

function whyNone(open: Path[], whyEnded: string | undefined): string {
  if (open.length > 0) return 'the conversation could not be opened on any connection'
  return whyEnded === undefined ? 'no connection is open' : `${whyEnded}, and no other one is open`
}

function whyMove(current: Path | undefined, best: Path, whyEnded: string | undefined): string {
  const kind = best.direct ? 'a direct connection' : 'the relay'
  if (current === undefined) {
    return whyEnded === undefined ? `${kind} carries it` : `${whyEnded}, ${kind} carries it now`
  }
  if (current.direct === best.direct)
    return `a younger ${best.direct ? 'direct' : 'relayed'} connection opened`
  return `${kind} carries it now`
}

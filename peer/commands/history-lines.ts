// Lines of the history as a person reads them, and as `parley history --json` prints them. (pure)
import { foldedName, harmless, harmlessName } from '../../shared/harmless.ts'
import { jsonLine } from '../../shared/json-line.ts'
import type { HistoryLine } from '../store/store.ts'
import { MAX_NAME_BYTES, shortPeer } from '../terminal/labels.ts'

/** What a chat shows of its room when it starts. */
export const LINES_AT_START = 20

/** What `/history` and `parley history` show when nobody says how many. */
export const DEFAULT_LINES = 100

/**
 * `2026-11-21 05:50 alice: hello`, in local time; who has not got it yet is named behind what we said, and whoever has
 * a name that somebody else has in these lines too has the end of the peer id beside it.
 */
export function historyWords(
  lines: readonly HistoryLine[],
  options: { withRoom: boolean }
): string[] {
  const bearers = bearersOf(lines)
  return lines.map((line) => {
    const { room, text, to } = line
    const where = options.withRoom && room !== undefined ? ` [${room}]` : ''
    const aside = room === undefined ? ' (to one alone)' : ''
    const missing = to.filter(({ deliveredAtMs }) => deliveredAtMs === undefined)
    const open =
      missing.length === 0
        ? ''
        : ` (not delivered to ${missing.map(({ peer }) => shortPeer(peer)).join(', ')})`
    const who = labelOf(line, bearers)
    return harmless(`${localTime(line.sentAtMs)}${where} ${who}${aside}: ${text}${open}`)
  })
}

/** Who had which name; us without a peer id. */
function bearersOf(lines: readonly HistoryLine[]): Map<string, Set<string | undefined>> {
  const bearers = new Map<string, Set<string | undefined>>()
  for (const line of lines) {
    const name = foldedName(nameOf(line))
    bearers.set(name, (bearers.get(name) ?? new Set()).add(line.peer))
  }
  return bearers
}

function labelOf(line: HistoryLine, bearers: Map<string, Set<string | undefined>>): string {
  const name = nameOf(line)
  const { peer } = line
  if (peer === undefined) return name === '' ? 'you' : name
  if (name === '') return shortPeer(peer)
  const taken = (bearers.get(foldedName(name))?.size ?? 0) > 1
  return taken ? `${name} (${shortPeer(peer)})` : name
}

/** Whoever had no name to give said the end of its id. */
const nameOf = ({ name = '', peer }: HistoryLine): string =>
  peer !== undefined && name === shortPeer(peer) ? '' : harmlessName(name, MAX_NAME_BYTES)

/** One object: `at`, `id`, `peer?` (absent: ours), `name?`, `room?`, `text`, `to[]` (`peer`, `deliveredAt?`). */
export function historyJson(line: HistoryLine): string {
  const { sentAtMs, to, id, peer, name, room, text } = line
  const delivered = to.map(({ peer: receiver, deliveredAtMs: at }) =>
    at === undefined ? { peer: receiver } : { peer: receiver, deliveredAt: iso(at) }
  )
  // What is undefined is left out.
  return jsonLine({ at: iso(sentAtMs), id, peer, name, room, text, to: delivered })
}

const iso = (atMs: number): string => new Date(atMs).toISOString()

function localTime(atMs: number): string {
  const at = new Date(atMs)
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join('-')
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}`
}

const two = (value: number): string => String(value).padStart(2, '0')

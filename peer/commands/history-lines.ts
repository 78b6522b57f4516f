// Lines of the history as a person reads them, and as `parley history --json` prints them. (pure)
import { harmless } from '../../shared/harmless.ts'
import type { HistoryLine } from '../store/store.ts'
import { shortPeer } from '../terminal/labels.ts'

/** What a chat shows of its room when it starts. */
export const LINES_AT_START = 20

/** What `/history` and `parley history` show when nobody says how many. */
export const DEFAULT_LINES = 100

/** `2026-11-21 05:50 alice: hello`, in local time; who has not got it yet is named behind what we said. */
export function historyWords(line: HistoryLine, options: { withRoom: boolean }): string {
  const { room, text } = line
  const where = options.withRoom && room !== undefined ? ` [${room}]` : ''
  const aside = room === undefined ? ' (to one alone)' : ''
  const who = line.name ?? (line.peer === undefined ? 'you' : shortPeer(line.peer))
  const missing = line.to.filter(({ deliveredAtMs }) => deliveredAtMs === undefined)
  const open =
    missing.length === 0
      ? ''
      : ` (not delivered to ${missing.map(({ peer }) => shortPeer(peer)).join(', ')})`
  return harmless(`${localTime(line.sentAtMs)}${where} ${who}${aside}: ${text}${open}`)
}

/** One object: `at`, `id`, `peer?` (absent: ours), `name?`, `room?`, `text`, `to[]` (`peer`, `deliveredAt?`). */
export function historyJson(line: HistoryLine): string {
  const { sentAtMs, to, id, peer, name, room, text } = line
  const delivered = to.map(({ peer: receiver, deliveredAtMs: at }) =>
    at === undefined ? { peer: receiver } : { peer: receiver, deliveredAt: iso(at) }
  )
  // What is undefined is left out.
  return JSON.stringify({ at: iso(sentAtMs), id, peer, name, room, text, to: delivered })
}

const iso = (atMs: number): string => new Date(atMs).toISOString()

function localTime(atMs: number): string {
  const at = new Date(atMs)
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join('-')
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}`
}

const two = (value: number): string => String(value).padStart(2, '0')

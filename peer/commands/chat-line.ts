// What a line typed into a chat asks for. (pure)
import { didYouMean } from '../../shared/did-you-mean.ts'
import { harmlessName } from '../../shared/harmless.ts'
import { shortPeer, MAX_NAME_BYTES } from '../terminal/labels.ts'
import { DEFAULT_LINES } from './history-lines.ts'

export type ChatLine =
  | { kind: 'nothing' }
  | { kind: 'text'; text: string }
  | { kind: 'peers' }
  | { kind: 'path'; who: string | undefined }
  | { kind: 'to'; rest: string }
  | { kind: 'history'; lines: number }
  | { kind: 'help' }
  | { kind: 'quit' }
  | { kind: 'unclear'; hint: string }

const COMMANDS = ['/peers', '/path', '/to', '/history', '/help', '/quit']

export const CHAT_HELP = `A line is sent to everybody in the room; a line that starts with / is a command:
  /peers           who is here, over which path
  /path [NAME]     which path leads to them, and why it is not direct
  /to NAME TEXT    say it to one person
  /history [N]     what was said here, the last N lines
  /help            this text
  /quit            leave, as Ctrl-D does
  //TEXT           send /TEXT`

/** Blank lines ask for nothing; `//text` is the text `/text`. */
export function parseChatLine(line: string): ChatLine {
  if (line.trim() === '') return { kind: 'nothing' }
  if (line.startsWith('//')) return { kind: 'text', text: line.slice(1) }
  if (!line.startsWith('/')) return { kind: 'text', text: line }
  const [, command = '', rest = ''] = /^(\S+)\s*(.*)$/s.exec(line.trim()) ?? []
  switch (command) {
    case '/peers':
      return { kind: 'peers' }
    case '/path':
      return { kind: 'path', who: rest === '' ? undefined : rest }
    case '/to':
      return { kind: 'to', rest }
    case '/history':
      return parseHistory(rest)
    case '/help':
      return { kind: 'help' }
    case '/quit':
      return { kind: 'quit' }
    default:
      return { kind: 'unclear', hint: hintFor(command, line) }
  }
}

function parseHistory(rest: string): ChatLine {
  if (rest === '') return { kind: 'history', lines: DEFAULT_LINES }
  if (/^\d{1,6}$/.test(rest) && Number(rest) > 0) return { kind: 'history', lines: Number(rest) }
  return { kind: 'unclear', hint: 'say how many lines: /history 50' }
}

function hintFor(command: string, line: string): string {
  const guess = didYouMean(command, COMMANDS)
  const advice = guess === undefined ? '/help lists them' : `did you mean ${guess}?`
  return `there is no command ${command}: ${advice} (to send the line as it is, start it with //: /${line.trim()})`
}

export interface Named {
  peer: string
  name?: string
}

export type Addressed<Someone extends Named> =
  | { kind: 'found'; member: Someone; text: string }
  | { kind: 'unclear'; hint: string }

/**
 * Whom `rest` (`NAME text`) begins with: a name, which may contain spaces, a peer id, or the end of one as it is
 * shown (`…dWrfUW8T`). The longest match wins; several people of one name are told apart by their ids.
 */
export function findAddressee<Someone extends Named>(
  rest: string,
  members: readonly Someone[]
): Addressed<Someone> {
  let length = 0
  let found: Someone[] = []
  for (const member of members) {
    const reached = Math.max(...waysToName(member).map((way) => lengthOfMatch(rest, way)))
    if (reached === 0 || reached < length) continue
    found = reached > length ? [member] : [...found, member]
    length = reached
  }
  const [member] = found
  if (member !== undefined && found.length === 1) {
    return { kind: 'found', member, text: rest.slice(length).trim() }
  }
  return { kind: 'unclear', hint: whyUnclear(rest, length, found, members) }
}

function waysToName({ peer, name }: Named): string[] {
  const short = shortPeer(peer)
  const shown = harmlessName(name ?? '', MAX_NAME_BYTES)
  const ids = [short, peer, short.slice(1)]
  return shown === '' ? ids : [`${shown} (${short})`, shown, ...ids]
}

function lengthOfMatch(rest: string, way: string): number {
  const start = rest.slice(0, way.length).toLowerCase()
  const after = rest.slice(way.length)
  return start === way.toLowerCase() && /^(?:\s|$)/.test(after) ? way.length : 0
}

function whyUnclear(
  rest: string,
  length: number,
  found: readonly Named[],
  members: readonly Named[]
): string {
  if (found.length > 1) {
    const ids = found.map(({ peer }) => shortPeer(peer)).join(' or ')
    return `${found.length} people are called ${rest.slice(0, length)}: say ${ids} instead of the name`
  }
  if (rest === '') return 'say to whom: /to NAME TEXT'
  const names = members.map(
    ({ peer, name }) => waysToName(name === undefined ? { peer } : { peer, name })[0]
  )
  const here =
    names.length === 0 ? 'nobody else is here' : `here are ${names.slice(0, 20).join(', ')}`
  return `nobody here is called ${rest.split(/\s/, 1)[0]}: ${here}`
}

// `parley history`: what was said, from the database beside the key; a chat may be running meanwhile.
import { resolveConfig, type CommandSpec } from '../../shared/config.ts'
import { UsageError } from '../../shared/errors.ts'
import { checkRoom } from '../../shared/room.ts'
import { readHistoryFile } from '../store/history-file.ts'
import { DEFAULT_LINES, historyJson, historyWords } from './history-lines.ts'
import { identityFile, IDENTITY_OPTION, stateFileOf } from './identity-option.ts'
import type { ExitCode, Program } from './program.ts'

const COMMAND = {
  command: 'parley history',
  summary: 'Prints what was said in a room, the oldest line first; without a room, everything.',
  options: {
    room: {
      type: 'string',
      positional: true,
      placeholder: 'ROOM',
      help: 'the room (default all, and what was said to one alone)'
    },
    limit: {
      type: 'string',
      placeholder: 'N',
      default: String(DEFAULT_LINES),
      help: 'the last so many lines'
    },
    identity: IDENTITY_OPTION,
    json: { type: 'boolean', env: 'PARLEY_JSON', help: 'print JSON, one object a line' }
  },
  notes: ['Kept are the last 100,000 messages of the last 365 days, at most 256 MiB of text.']
} as const satisfies CommandSpec

export async function runHistory(program: Program): Promise<ExitCode> {
  const { terminal } = program
  const resolved = resolveConfig(COMMAND, program)
  if (resolved.kind === 'print') {
    terminal.print(resolved.text.trimEnd())
    return 0
  }
  const { room, limit, identity, json } = resolved.values
  const file = stateFileOf(identityFile(identity, program))
  const query = {
    limit: checkLimit(limit),
    ...(room === undefined ? {} : { room: checkRoom(room) })
  }
  const lines = readHistoryFile(file, query)
  const shown = json
    ? lines.map(historyJson)
    : historyWords(lines, { withRoom: room === undefined })
  for (const line of shown) terminal.print(line)
  if (lines.length === 0 && !json) {
    terminal.say(room === undefined ? 'nothing was said yet' : `nothing was said in ${room} yet`)
  }
  return 0
}

function checkLimit(text: string): number {
  const limit = Number(text)
  if (/^\d{1,9}$/.test(text) && limit > 0) return limit
  throw new UsageError(
    'bad-limit',
    `--limit must be a number of lines from 1 on, and "${text}" is not one`
  )
}

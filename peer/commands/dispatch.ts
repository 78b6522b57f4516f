// Finds the command that was asked for, runs it, and tells failures in one sentence.
import { didYouMean } from '../../shared/did-you-mean.ts'
import { UsageError, UserError } from '../../shared/errors.ts'
import { harmless } from '../../shared/harmless.ts'
import { table } from '../../shared/help.ts'
import { isJsonAsked } from '../../shared/json-asked.ts'
import { unknownVariables } from '../../shared/variables.ts'
import { eventLine } from './event-line.ts'
import type { Command, ExitCode, Program } from './program.ts'

/** Loaded when asked for: `parley --help` need not wait for libp2p. */
const COMMANDS: Record<string, Command> = {
  chat: {
    summary: 'talk with the people of a room, directly where a path can be found',
    run: async (program) => (await import('./chat.ts')).runChat(program)
  },
  demo: {
    summary: 'show it all: a relay and two peers, relayed, direct, the relay killed, more talk',
    run: async (program) => (await import('./demo.ts')).runDemo(program)
  },
  doctor: {
    summary: 'look at the relay, the NAT and this machine, and say what to change',
    run: async (program) => (await import('./doctor.ts')).runDoctor(program)
  },
  history: {
    summary: 'print what was said in a room',
    run: async (program) => (await import('./history.ts')).runHistory(program)
  },
  id: {
    summary: 'print the peer id, making the key when there is none',
    run: async (program) => (await import('./id.ts')).runId(program)
  }
}

/** Runs what `program.argv` asks for. Never throws; what went wrong has been said when it returns. */
export async function dispatch(program: Program): Promise<ExitCode> {
  try {
    return await run(program)
  } catch (error) {
    if (program.signal.aborted && !(error instanceof UserError)) return 0
    return fail(program, error)
  }
}

async function run(program: Program): Promise<ExitCode> {
  const [name, ...argv] = program.argv
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    program.terminal.print(overview())
    return 0
  }
  if (name === '--version') {
    program.terminal.print(program.version)
    return 0
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (command === undefined) throw unknownCommand(name)
  for (const sentence of unknownVariables(program.env))
    program.terminal.say(`warning: ${harmless(sentence)}`)
  return await command.run({ ...program, argv })
}

function overview(): string {
  const rows = Object.entries(COMMANDS).map(([name, { summary }]): [string, string] => [
    name,
    summary
  ])
  return [
    'Usage: parley COMMAND [OPTIONS]',
    '',
    ...table(rows),
    '',
    'Each command explains itself: parley chat --help'
  ].join('\n')
}

function unknownCommand(name: string): UsageError {
  const kind = name.startsWith('-') ? 'option' : 'command'
  const guess = didYouMean(name, [...Object.keys(COMMANDS), '--help', '--version'])
  const advice = guess === undefined ? 'run "parley --help"' : `did you mean ${guess}?`
  return new UsageError(`unknown-${kind}`, `parley has no ${kind} ${name}: ${advice}`)
}

function fail({ argv, env, terminal }: Program, error: unknown): ExitCode {
  const known =
    error instanceof UserError
      ? error
      : new UserError('unexpected', `parley failed unexpectedly: ${String(error)}`)
  terminal.say(harmless(known.message))
  // The options themselves may be what is wrong, so this looks at them as they were typed.
  if (isJsonAsked(argv, env)) {
    terminal.print(eventLine({ event: 'error', code: known.code, message: known.message }))
  }
  return known.exitCode
}

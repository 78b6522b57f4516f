// What the program prints: JSON on both streams when that is asked for; else addresses on standard output, words on
// standard error.
import { UserError } from '../shared/errors.ts'
import { harmless } from '../shared/harmless.ts'
import { isJsonAsked } from '../shared/json-asked.ts'
import { jsonLine } from '../shared/json-line.ts'
import type { RelayEvent } from './events.ts'

export interface OutputInit {
  argv: readonly string[]
  env: Record<string, string | undefined>
  /** Standard output: data. */
  print: (text: string) => void
  /** Standard error: talk. */
  say: (text: string) => void
}

export class Output {
  readonly print: OutputInit['print']
  readonly say: OutputInit['say']
  /** As the arguments have it until the settings are read: they may be what is wrong. */
  json: boolean

  constructor({ argv, env, print, say }: OutputInit) {
    this.print = print
    this.say = say
    this.json = isJsonAsked(argv, env)
  }

  /** As JSON, on standard output. */
  event(event: RelayEvent): void {
    this.print(eventLine(event))
  }

  /** On standard error in either form: who sends the events elsewhere still sees why it has ended. */
  error({ code, message }: { code: string; message: string }): void {
    const line = this.json ? eventLine({ event: 'error', code, message }) : undefined
    if (line !== undefined) this.print(line)
    this.say(line ?? `${harmless(message)}\n`)
  }

  /** Says what has ended the program; returns its exit code. */
  fail(error: unknown): 1 | 2 {
    const known =
      error instanceof UserError
        ? error
        : new UserError('unexpected', `parley-relay failed unexpectedly: ${String(error)}`)
    this.error(known)
    return known.exitCode
  }

  /** One of Node's own. */
  warning({ name, message }: Error): void {
    this.warn('node', `${name}: ${message}`)
  }

  warn(code: string, message: string): void {
    if (this.json) this.event({ event: 'warning', code, message })
    else this.say(`warning: ${harmless(message)}\n`)
  }
}

function eventLine(event: RelayEvent): string {
  const { event: name, ...fields } = event
  return `${jsonLine({ event: name, at: new Date().toISOString(), ...fields })}\n`
}

// A program run as its user runs it: real process, real pipes, exit code and everything it wrote.
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import type { TestContext } from 'node:test'

export const ROOT = join(import.meta.dirname, '..', '..')

export interface RunOptions {
  /** Added to an environment that has none of the user's own PARLEY_ variables. */
  env?: Record<string, string>
  /** Written to standard input, which then ends; undefined leaves it open. */
  input?: string | undefined
  /** The Node to run it with; the one of the tests by default. */
  node?: string
  /** What starts it, such as `prlimit` and its options: they come before Node. */
  before?: readonly string[]
}

export class RunningProgram {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>
  stdout = ''
  stderr = ''

  constructor(args: readonly string[], { env = {}, input, node, before = [] }: RunOptions) {
    const [command = '', ...rest] = [...before, node ?? process.execPath, ...args]
    this.child = spawn(command, rest, {
      cwd: ROOT,
      // Relays of several tests run at once, and the status page has one port by default.
      env: { ...withoutParley(process.env), PARLEY_STATUS: 'off', ...env },
      stdio: ['pipe', 'pipe', 'pipe']
    })
    // A program that has left does not read what is still written to it.
    this.child.stdin.on('error', () => {})
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text))
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text))
    if (input !== undefined) this.child.stdin.end(input)
  }

  /** Waits until standard output or error contains something that matches. */
  async shows(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<void> {
    while (!pattern.test(this[stream])) await once(this.child[stream], 'data')
  }

  /** The exit code, or the signal's name, once everything it wrote has been read. */
  async ended(): Promise<number | string> {
    const { child } = this
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close')
    return child.exitCode ?? child.signalCode ?? 'unknown'
  }
}

/** Starts `node ARGS` in the checkout; killed when the test is over. */
export function start(
  test: TestContext,
  args: readonly string[],
  options: RunOptions = {}
): RunningProgram {
  const program = new RunningProgram(args, options)
  test.after(() => program.child.kill('SIGKILL'))
  return program
}

const withoutParley = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('PARLEY_')))

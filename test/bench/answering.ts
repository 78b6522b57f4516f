// The processes that a benchmark of messages talks to: the other peer, and the relay in between.
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'

type Child = ChildProcessByStdio<Writable, Readable, null>

/** A program that ends when its standard input does, and its lines. */
class Answering implements AsyncDisposable {
  readonly #child: Child
  readonly #lines: Interface

  constructor(args: readonly string[], env: Record<string, string> = {}) {
    this.#child = spawn(process.execPath, args, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...env }
    })
    this.#lines = createInterface({ input: this.#child.stdout })
  }

  /** The next line that contains this. */
  async line(containing = ''): Promise<string> {
    for (;;) {
      const [line] = await once(this.#lines, 'line')
      if (String(line).includes(containing)) return String(line)
    }
  }

  async ask(): Promise<string> {
    this.#child.stdin.write('\n')
    return this.line()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin.end()
    this.#child.kill('SIGTERM')
    if (this.#child.exitCode === null) await once(this.#child, 'close')
  }
}

export interface AnsweringPeer extends AsyncDisposable {
  addresses: string[]
  /** When it showed which message, on the clock of both, since it was asked last. */
  shown: () => Promise<Map<string, number>>
}

export async function startAnsweringPeer(
  folder: string,
  relay: string | undefined
): Promise<AnsweringPeer> {
  const program = join(import.meta.dirname, 'answering-program.ts')
  const answering = new Answering([program, folder, ...(relay === undefined ? [] : [relay])])
  const addresses: string[] = JSON.parse(await answering.line())
  return {
    addresses,
    shown: async () => {
      const shown: Array<[id: string, atMs: number]> = JSON.parse(await answering.ask())
      return new Map(shown)
    },
    [Symbol.asyncDispose]: async () => answering[Symbol.asyncDispose]()
  }
}

/** Our own program, as an operator runs it. */
export async function startRelayProgram(
  home: string
): Promise<{ address: string } & AsyncDisposable> {
  const program = join(import.meta.dirname, '../../relay/main.ts')
  const args = [program, '--listen', '/ip4/127.0.0.1/tcp/0', '--status', 'off', '--json']
  const answering = new Answering(args, { PARLEY_HOME: home })
  const { addresses }: { addresses: string[] } = JSON.parse(await answering.line('"listening"'))
  const address = addresses.find((each) => each.includes('127.0.0.1')) ?? ''
  return { address, [Symbol.asyncDispose]: async () => answering[Symbol.asyncDispose]() }
}

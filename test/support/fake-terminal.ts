// A terminal that is scripted: lines go in, what was printed and said comes out.
import type { Terminal } from '../../peer/terminal/prompt.ts'

export class FakeTerminal implements Terminal {
  readonly interactive: boolean
  readonly screen = undefined
  readonly printed: string[] = []
  readonly said: string[] = []
  readonly #script: ReadonlyArray<string | (() => void | Promise<void>)>

  /** A function among the lines is run when its turn comes. */
  constructor(script: ReadonlyArray<string | (() => void | Promise<void>)>, interactive = false) {
    this.#script = script
    this.interactive = interactive
  }

  print(line: string): void {
    this.printed.push(line)
  }

  say(line: string): void {
    this.said.push(line)
  }

  progress(_text: string | undefined): void {}

  async *lines(signal: AbortSignal): AsyncGenerator<string> {
    for (const step of this.#script) {
      if (signal.aborted) return
      if (typeof step === 'string') yield step
      else await step()
    }
  }
}

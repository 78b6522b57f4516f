// Diagnostics for people: one line each, through a writer that `main.ts` provides (standard error).
// Takes finished sentences only, never objects, so that no key can slip into a line by being dumped.
import { harmless } from './harmless.ts'

export interface Log {
  /** What everybody should read. */
  info(sentence: string): void
  /** What only helps to find out why. */
  verbose(sentence: string): void
}

export interface LogOptions {
  /** Gets whole lines, newline included. */
  write: (line: string) => void
  verbose: boolean
}

/** Every call is one line, whatever is in the sentence. */
export function createLog({ write, verbose }: LogOptions): Log {
  const line = (sentence: string): void => write(`${harmless(sentence)}\n`)
  return {
    info: line,
    verbose: verbose ? line : () => {}
  }
}

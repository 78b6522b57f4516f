// What a command gets from `main.ts`: everything of the process that it may use.
import type { StartPeer } from '../api.ts'
import type { Terminal } from '../terminal/prompt.ts'

/** 0 done, 1 failed, 2 wrong usage. */
export type ExitCode = 0 | 1 | 2

export interface Program {
  /** The arguments after the program's own name. */
  argv: readonly string[]
  env: Record<string, string | undefined>
  /** The Node that runs this program. */
  execPath: string
  /** As `process.versions.node`. */
  nodeVersion: string
  /** As `process.platform`. */
  platform: string
  version: string
  /** Aborts when the user or the system wants the program to leave. */
  signal: AbortSignal
  terminal: Terminal
  startPeer: StartPeer
}

export interface Command {
  /** One line for the list of commands. */
  summary: string
  /** Throws a UserError for what a user can cause. */
  run: (program: Program) => Promise<ExitCode>
}

// The errors that both programs report to their user: one sentence that names the thing and what to do.

/** A condition that a user can cause or mend. `main.ts` prints its message alone and exits with `exitCode`. */
export class UserError extends Error {
  override name = 'UserError'
  /** Stable, kebab-case: the `code` of the `error` event. */
  readonly code: string
  /** 2 wrong usage, 1 anything else. */
  readonly exitCode: 1 | 2

  constructor(code: string, message: string, options: { exitCode?: 1 | 2; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.exitCode = options.exitCode ?? 1
  }
}

/** Wrong options, arguments or environment: exit code 2. */
export class UsageError extends UserError {
  override name = 'UsageError'

  constructor(code: string, message: string, options: { cause?: unknown } = {}) {
    super(code, message, { ...options, exitCode: 2 })
  }
}

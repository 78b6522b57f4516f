// How far the matrix has come, in a line. (pure)

export interface Progress {
  done: number
  total: number
  /** Runs of this start of the program, and how long they took. */
  sinceStart: number
  elapsedMs: number
}

/** "412 of 4500 runs, about 38 min left" */
export function progressLine({ done, total, sinceStart, elapsedMs }: Progress): string {
  const runs = `${done} of ${total} runs`
  if (sinceStart === 0 || done >= total) return runs
  return `${runs}, about ${duration(((total - done) * elapsedMs) / sinceStart)} left`
}

function duration(ms: number): string {
  const seconds = Math.ceil(ms / 1_000)
  return seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`
}

// What a process has used, by the system's own account: CPU time and resident memory. Linux only.
import { readdirSync, readFileSync } from 'node:fs'

/** USER_HZ; it is 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100
/** Behind the name in parentheses, which may hold spaces. */
const USER_FIELD = 11
const SYSTEM_FIELD = 12

/** User and system, in milliseconds. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[USER_FIELD]) + Number(fields[SYSTEM_FIELD])
  return (ticks * 1000) / TICKS_PER_SECOND
}

/** Megabytes that are in memory now. */
export function residentMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1000
}

/** Open files, sockets among them. */
export function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length
}

/** Watches it until disposed. */
export class PeakMemory implements Disposable {
  #peakMb = 0
  readonly #timer: NodeJS.Timeout

  constructor(pid: number) {
    const look = (): void => {
      this.#peakMb = Math.max(this.#peakMb, residentMb(pid))
    }
    look()
    this.#timer = setInterval(look, SAMPLE_MS)
  }

  get mb(): number {
    return this.#peakMb
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }
}

const SAMPLE_MS = 50

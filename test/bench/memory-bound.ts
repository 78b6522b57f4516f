// Lets a program have only so much memory, as a small host would: Node sizes its heap by it. Linux, as root.
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const CGROUPS = '/sys/fs/cgroup'
/** Version 1 has a hierarchy for each resource. */
const V1 = join(CGROUPS, 'memory/memory.limit_in_bytes')

export interface MemoryBound extends Disposable {
  /** The command that runs this one within the bound. */
  wrap(command: readonly string[]): [file: string, ...args: string[]]
}

/** To be disposed when the program has ended. Throws where the system does not let us. */
export function boundMemory(megabytes: number): MemoryBound {
  const v1 = existsSync(V1)
  const group = join(CGROUPS, v1 ? 'memory' : '', `parley-bench-${process.pid}`)
  mkdirSync(group)
  const limit = v1 ? 'memory.limit_in_bytes' : 'memory.max'
  writeFileSync(join(group, limit), String(megabytes * 1024 * 1024))
  const script = 'echo $$ > "$0/cgroup.procs" && exec "$@"'
  return {
    wrap: (command) => ['sh', '-c', script, group, ...command],
    [Symbol.dispose]: () => rmdirSync(group)
  }
}

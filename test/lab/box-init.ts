// Process 1 of a box: prepares the namespaces, runs one command, ends with it.
// Signals come to the whole process group, so the command has its own copy; this one only has to survive them.

import { execFileSync, spawn } from 'node:child_process'
import { BOX_MARK, exitCode } from './box.ts'

const [command, ...args] = process.argv.slice(2)
if (command === undefined || process.pid !== 1) {
  console.error('box-init.ts is started by box.ts, as the first process of a box')
  process.exit(2)
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

// `ip netns` keeps its names in /run/netns; the box's own /run vanishes with the box.
execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', '/run'])
execFileSync('ip', ['link', 'set', 'lo', 'up'])

const child = spawn(command, args, { stdio: 'inherit', env: { ...process.env, [BOX_MARK]: '1' } })
try {
  process.exit(await exitCode(child))
} catch (error) {
  console.error(`cannot run ${command}: ${String(error)}`)
  process.exit(127)
}

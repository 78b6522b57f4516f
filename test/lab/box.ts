// The box: a command runs in its own network, mount and process namespaces, so that every namespace,
// tap and process made in it is gone when it ends, however it ends.

import { spawn, execFile } from 'node:child_process'
import type { ChildProcess, StdioOptions } from 'node:child_process'
import { accessSync, constants as access } from 'node:fs'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'

const INIT = fileURLToPath(new URL('box-init.ts', import.meta.url))

/** Set for everything inside a box. */
export const BOX_MARK = 'PARLEY_LAB_BOX'

/** Where an ordinary user's PATH may not lead: Debian keeps `ip` and `nft` there. */
const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`

const TOOLS = ['setpriv', 'unshare', 'nsenter', 'ip', 'nft', 'socat']

/** What a network needs of the machine, once and small; the last line of stderr says what failed. */
const TRIAL = `set -e
ip netns add trial
echo 'add table ip trial { chain nat { type nat hook postrouting priority srcnat; masquerade; }; }' |
  nsenter --net=/run/netns/trial nft -f -
socat -u TUN,tun-type=tap,iff-no-pi,tun-name=trial0 OPEN:/dev/null,wronly & tap=$!
for try in 1 2 3 4 5 6 7 8 9 10; do
  kill -0 $tap
  if ip link show trial0 >/dev/null 2>&1; then break; fi
  sleep 0.1
done
ip link set trial0 netns trial`

/** Can this machine run the lab? The sentence says so, or names what is missing. */
export interface LabSupport {
  able: boolean
  sentence: string
}

/** Looks for the tools and then tries one box with a tap, a namespace and a NAT rule (about 0.3 s). */
export async function labSupport(): Promise<LabSupport> {
  if (process.platform !== 'linux') return lacking('it needs Linux network namespaces')
  const missing = TOOLS.filter((tool) => !inPath(tool))
  if (missing.length > 0) return lacking(`not installed: ${missing.join(', ')}`)
  try {
    accessSync('/dev/net/tun', access.R_OK | access.W_OK)
  } catch (error) {
    const absent = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    return lacking(
      absent ? '/dev/net/tun does not exist' : '/dev/net/tun is not writable by this user'
    )
  }
  const failure = await tryOnce()
  if (failure !== undefined) return lacking(failure)
  return { able: true, sentence: 'this machine can run the NAT lab' }
}

/** Starts a command in a new box, in a process group of its own. Killing the caller ends the box. */
export function startInBox(command: string[], stdio: StdioOptions = 'inherit'): ChildProcess {
  const [program, ...args] = boxed(command)
  return spawn(program!, args, { stdio, detached: true, env: { ...process.env, PATH } })
}

/** Runs a command in a new box and resolves with its exit code, or 128 + the signal that ended it. */
export async function runInBox(command: string[]): Promise<number> {
  const child = startInBox(command)
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  const passOn = (signal: NodeJS.Signals): void => void process.kill(-child.pid!, signal)
  for (const signal of signals) process.on(signal, passOn)
  try {
    return await exitCode(child)
  } finally {
    for (const signal of signals) process.off(signal, passOn)
  }
}

/** Resolves when the process has ended; rejects when it could not be started. */
export function exitCode(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL'])
    })
  })
}

/** The parent-death signal and --kill-child chain the box to its runner: kill -9 there ends it too. */
function boxed(command: string[]): string[] {
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']
  const unshare = [...user, '--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
  const init = [process.execPath, INIT, ...command]
  return ['setpriv', '--pdeathsig', 'KILL', 'unshare', ...unshare, '--', ...init]
}

function tryOnce(): Promise<string | undefined> {
  const [program, ...args] = boxed(['sh', '-c', TRIAL])
  return new Promise((resolve) => {
    const options = {
      timeout: 10_000,
      killSignal: 'SIGKILL',
      env: { ...process.env, PATH }
    } as const
    execFile(program!, args, options, (error, _, stderr) => {
      if (error === null) resolve(undefined)
      else resolve(stderr.trim().split('\n').at(-1) || error.message)
    })
  })
}

function inPath(tool: string): boolean {
  return PATH.split(':').some((folder) => {
    try {
      accessSync(`${folder}/${tool}`, access.X_OK)
      return true
    } catch {
      return false
    }
  })
}

function lacking(sentence: string): LabSupport {
  return { able: false, sentence }
}

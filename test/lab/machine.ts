// One machine of a network: a network namespace in which commands run.

import { spawn } from 'node:child_process'
import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

export class Machine implements AsyncDisposable {
  readonly name: string
  /** As `ip netns` knows it. */
  readonly namespace: string
  readonly #running = new Set<ChildProcess>()

  private constructor(name: string, namespace: string) {
    this.name = name
    this.namespace = namespace
  }

  static async create(name: string, namespace: string): Promise<Machine> {
    await run('ip', ['netns', 'add', namespace])
    const machine = new Machine(name, namespace)
    await machine.ip('link set lo up')
    return machine
  }

  /** Starts a command inside. nsenter execs it: the child's pid is the command's own. */
  spawn(command: string, args: string[] = [], options: SpawnOptions = {}): ChildProcess {
    const child = spawn(
      'nsenter',
      [`--net=/run/netns/${this.namespace}`, command, ...args],
      options
    )
    this.#running.add(child)
    child.once('exit', () => this.#running.delete(child))
    child.once('error', () => this.#running.delete(child))
    return child
  }

  /** Runs a command inside and resolves with its stdout; rejects with its stderr when it fails. */
  run(command: string, args: string[] = [], input = ''): Promise<string> {
    return finish(this.spawn(command, args, { stdio: 'pipe' }), input)
  }

  /** Gives each line to `ip`, with the interfaces of this machine. */
  async ip(...lines: string[]): Promise<void> {
    await run('ip', ['-n', this.namespace, '-batch', '-'], lines.join('\n') + '\n')
  }

  async nft(rules: string): Promise<void> {
    await this.run('nft', ['-f', '-'], rules)
  }

  /** Lets it pass on packets that are not its own. */
  async becomeRouter(): Promise<void> {
    await this.run('tee', ['/proc/sys/net/ipv4/ip_forward'], '1')
    await this.run('tee', ['/proc/sys/net/ipv6/conf/all/forwarding'], '1')
  }

  /** Kills everything that runs inside, grandchildren too, and removes the namespace. */
  async [Symbol.asyncDispose](): Promise<void> {
    const exits = [...this.#running].map((child) => once(child, 'exit'))
    for (const child of this.#running) child.kill('SIGKILL')
    await Promise.all(exits)
    for (let pids = await this.#pids(); pids.length > 0; pids = await this.#pids()) {
      pids.forEach(kill)
    }
    await run('ip', ['netns', 'del', this.namespace])
  }

  async #pids(): Promise<number[]> {
    const pids = await run('ip', ['netns', 'pids', this.namespace])
    return pids.split('\n').filter(Boolean).map(Number)
  }
}

/** Runs a command and resolves with its stdout; rejects with its stderr when it fails. */
export function run(command: string, args: string[], input = ''): Promise<string> {
  return finish(spawn(command, args, { stdio: 'pipe' }), input)
}

async function finish(child: ChildProcess, input: string): Promise<string> {
  child.stdin!.on('error', () => {}) // it may end without reading; its exit code says how it went
  child.stdin!.end(input)
  const [stdout, stderr] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    once(child, 'close')
  ])
  if (child.exitCode === 0) return stdout
  const end = child.exitCode ?? child.signalCode
  throw new Error(`${child.spawnargs.join(' ')} ended with ${end}: ${stderr.trim()}`)
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it has just ended by itself
  }
}

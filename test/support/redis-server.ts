// A real Redis or Valkey server on loopback, with a folder of its own, for as long as a test runs.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { createClient } from '@redis/client'
import { freePort } from './relay-at.ts'
import { needs } from './left-out.ts'

const PROGRAM = ['redis-server', 'valkey-server'].find(
  (name) => spawnSync(name, ['--version']).status === 0
)

/** For `skip`. */
export const NO_REDIS = needs(
  PROGRAM !== undefined,
  'there is neither redis-server nor valkey-server here (apt-get install redis-server)'
)

export class RedisServer {
  readonly url: string
  readonly #port: number
  readonly #folder = mkdtempSync(join(tmpdir(), 'parley-redis-'))
  #child: ChildProcess | undefined

  private constructor(port: number) {
    this.#port = port
    this.url = `redis://127.0.0.1:${port}/0`
  }

  /** Stopped with the test, if not before. */
  static async start(test: TestContext): Promise<RedisServer> {
    const server = new RedisServer(await freePort())
    test.after(async () => server.#end())
    await server.start()
    return server
  }

  /** Empty, at the same port as before. */
  async start(): Promise<void> {
    const where = ['--bind', '127.0.0.1', '--port', String(this.#port), '--dir', this.#folder]
    const child = spawn(PROGRAM ?? '', [...where, '--save', '', '--appendonly', 'no'], {
      stdio: ['ignore', 'pipe', 'inherit']
    })
    this.#child = child
    let log = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (log += text))
    while (!/Ready to accept connections/i.test(log)) await once(child.stdout, 'data')
  }

  /** At once, and what it held is lost. */
  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  /** Takes connections and answers nothing. */
  freeze(): void {
    this.#child?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child?.kill('SIGCONT')
  }

  /** What an operator would type into redis-cli. */
  async command(...args: string[]): Promise<unknown> {
    const client = createClient({ url: this.url, RESP: 2 })
    client.on('error', () => undefined)
    await client.connect()
    try {
      return await client.sendCommand(args)
    } finally {
      client.destroy()
    }
  }

  async #end(): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

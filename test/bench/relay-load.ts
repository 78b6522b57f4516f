// The processes that put load on a relay, asked from here. Each order has a deadline; the process dies with this one.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

export type Order =
  /** `first`: which of the loopback hosts these peers come from. */
  | { do: 'reserve'; relay: string; count: number; parallel: number; first: number }
  | { do: 'take'; relay: string; count: number; how: 'echo' | 'fast' | 'slowly'; first: number }
  | { do: 'open'; relay: string; targets: string[]; from: number }
  | { do: 'pour'; bytes: number }
  | { do: 'await'; bytes: number }
  | { do: 'echo'; count: number }

export interface Answer {
  id: number
  figures?: number[] | string[]
  error?: string
}

export class Load implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, PromiseWithResolvers<number[] | string[]>>()
  #next = 0

  constructor() {
    const program = join(import.meta.dirname, 'relay-load-program.ts')
    this.#child = fork(program, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    this.#child.on('message', ({ id, figures, error }: Answer) => {
      const waiting = this.#waiting.get(id)
      if (error === undefined) waiting?.resolve(figures ?? [])
      else waiting?.reject(new Error(error))
    })
    this.#child.once('exit', () => this.#fail(new Error('a process of the load ended')))
  }

  /** Rejects when it takes longer than `patienceMs`, or `signal` aborts. */
  async numbers(order: Order, options: OrderOptions): Promise<number[]> {
    return (await this.#ask(order, options)).map(Number)
  }

  async texts(order: Order, options: OrderOptions): Promise<string[]> {
    return (await this.#ask(order, options)).map(String)
  }

  async #ask(order: Order, { signal, patienceMs }: OrderOptions): Promise<number[] | string[]> {
    signal.throwIfAborted()
    const id = this.#next++
    const waiting = Promise.withResolvers<number[] | string[]>()
    this.#waiting.set(id, waiting)
    const stop = (): void => waiting.reject(signal.reason)
    signal.addEventListener('abort', stop)
    const timer = setTimeout(
      () => waiting.reject(new Error(`${order.do} took longer than ${patienceMs / 1000} s`)),
      patienceMs
    )
    this.#child.send({ id, order })
    try {
      return await waiting.promise
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
      this.#waiting.delete(id)
    }
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }
}

export interface OrderOptions {
  signal: AbortSignal
  patienceMs: number
}

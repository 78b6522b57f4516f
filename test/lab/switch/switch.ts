// A network's handle on its switch process.

import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { PortOptions } from './fabric.ts'
import type { SwitchOrder, SwitchReply } from './orders.ts'

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))

/** One plug of the switch; everything can change while frames are on their way. */
export interface SwitchPort {
  /** The tap's name, until the tap is moved into a namespace. */
  readonly tap: string
  setDelay(delayMs: number): Promise<void>
  setLoss(lossPercent: number): Promise<void>
  /** Loses everything silently, in both directions, until restored. */
  cut(): Promise<void>
  restore(): Promise<void>
}

export class Switch implements AsyncDisposable {
  readonly #process: ChildProcess = fork(MAIN, { execArgv: [] })
  readonly #waiting = new Map<number, PromiseWithResolvers<void>>()
  #orders = 0

  constructor() {
    this.#process.on('message', (message) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- main.ts is the only sender
      this.#settle(message as SwitchReply)
    })
    this.#process.on('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the switch has ended'))
    })
  }

  /** Makes a tap of this name (at most 15 characters) in the caller's network namespace. */
  async addPort(tap: string, options: PortOptions): Promise<SwitchPort> {
    await this.#tell({ do: 'addPort', port: tap, options })
    return {
      tap,
      setDelay: (delayMs) => this.#tell({ do: 'setDelay', port: tap, delayMs }),
      setLoss: (lossPercent) => this.#tell({ do: 'setLoss', port: tap, lossPercent }),
      cut: () => this.#tell({ do: 'cut', port: tap }),
      restore: () => this.#tell({ do: 'restore', port: tap })
    }
  }

  /** Ends the process; its taps go with it, wherever they are. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const exit = once(this.#process, 'exit')
    if (this.#process.connected) this.#process.disconnect()
    await exit
  }

  #tell(order: SwitchOrder): Promise<void> {
    const id = this.#orders++
    const reply = Promise.withResolvers<void>()
    this.#waiting.set(id, reply)
    this.#process.send({ id, order })
    return reply.promise
  }

  #settle({ id, error }: SwitchReply): void {
    const reply = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) reply?.resolve()
    else reply?.reject(new Error(error))
  }
}

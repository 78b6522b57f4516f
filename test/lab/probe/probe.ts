// A test's hand inside a host: raw TCP, to see what the network does.

import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Host } from '../host.ts'
import type { ProbeOrder, ProbeOutcome, ProbeReply } from './orders.ts'

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))

/** It ends with its network, which kills whatever runs in it. */
export class Probe {
  readonly #process: ChildProcess
  readonly #waiting = new Map<number, PromiseWithResolvers<ProbeOutcome>>()
  #orders = 0

  constructor(host: Host) {
    this.#process = host.spawn(process.execPath, [MAIN], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc']
    })
    this.#process.on('message', (message) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- main.ts is the only sender
      this.#settle(message as ProbeReply)
    })
    this.#process.on('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the probe has ended'))
    })
  }

  /** A probe that other probes can connect to. */
  static async listening(host: Host, port: number): Promise<Probe> {
    const probe = new Probe(host)
    await probe.ask({ do: 'listen', port })
    return probe
  }

  ask(order: ProbeOrder): Promise<ProbeOutcome> {
    const id = this.#orders++
    const reply = Promise.withResolvers<ProbeOutcome>()
    this.#waiting.set(id, reply)
    this.#process.send({ id, order })
    return reply.promise
  }

  #settle({ id, outcome, error }: ProbeReply): void {
    const reply = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (outcome === undefined) reply?.reject(new Error(error))
    else reply?.resolve(outcome)
  }
}

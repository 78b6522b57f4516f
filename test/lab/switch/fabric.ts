// What the switch decides about a frame: where it goes, when it is due, whether it is lost.
// Pure: the time and the dice are arguments.

import { DueQueue } from './due-queue.ts'

export interface LinkOptions {
  /** One way. A frame waits for the delay of the port it comes in by and of the port it leaves by. */
  delayMs: number
  /** Chance of each frame to be lost at this port, in each direction. */
  lossPercent: number
}

export interface PortOptions extends LinkOptions {
  /** Ports see each other only within one segment. */
  segment: string
}

interface Port extends PortOptions {
  name: string
  isCut: boolean
}

interface Flight {
  port: Port
  frame: Uint8Array
}

export interface Delivery {
  port: string
  frame: Uint8Array
}

export class Fabric {
  readonly #ports = new Map<string, Port>()
  readonly #portOfMac = new Map<string, Port>()
  readonly #queue = new DueQueue<Flight>()
  readonly #random: () => number

  /** @param random - a number in [0, 1), as Math.random gives */
  constructor(random: () => number) {
    this.#random = random
  }

  addPort(name: string, options: PortOptions): void {
    this.#ports.set(name, { name, isCut: false, ...options })
  }

  setDelay(name: string, delayMs: number): void {
    this.#port(name).delayMs = delayMs
  }

  setLoss(name: string, lossPercent: number): void {
    this.#port(name).lossPercent = lossPercent
  }

  /** From now on the port loses everything, in both directions; nobody is told. */
  cut(name: string): void {
    this.#port(name).isCut = true
  }

  restore(name: string): void {
    this.#port(name).isCut = false
  }

  /** A frame has come in by a port: learns its sender and puts it on its way. */
  receive(name: string, frame: Uint8Array, nowMs: number): void {
    const ingress = this.#port(name)
    if (this.#isLostAt(ingress)) return
    this.#portOfMac.set(macKey(ingress, frame, 6), ingress)
    for (const egress of this.#egressPorts(ingress, frame)) {
      if (this.#isLostAt(egress)) continue
      this.#queue.push(nowMs + ingress.delayMs + egress.delayMs, { port: egress, frame })
    }
  }

  nextDueMs(): number | undefined {
    return this.#queue.nextMs()
  }

  /** The next frame that is due, if there is one. Frames on their way to a port that was cut are lost. */
  takeDue(nowMs: number): Delivery | undefined {
    for (;;) {
      const flight = this.#queue.take(nowMs)
      if (flight === undefined) return undefined
      if (!flight.port.isCut) return { port: flight.port.name, frame: flight.frame }
    }
  }

  #egressPorts(ingress: Port, frame: Uint8Array): Port[] {
    const isGroupAddress = (frame[0]! & 1) === 1
    const known = isGroupAddress ? undefined : this.#portOfMac.get(macKey(ingress, frame, 0))
    if (known !== undefined) return known === ingress ? [] : [known]
    const others = [...this.#ports.values()]
    return others.filter((port) => port !== ingress && port.segment === ingress.segment)
  }

  #isLostAt(port: Port): boolean {
    return port.isCut || (port.lossPercent > 0 && this.#random() * 100 < port.lossPercent)
  }

  #port(name: string): Port {
    const port = this.#ports.get(name)
    if (port === undefined) throw new Error(`the switch has no port ${name}`)
    return port
  }
}

function macKey(port: Port, frame: Uint8Array, offset: number): string {
  return `${port.segment} ${frame.subarray(offset, offset + 6).join(':')}`
}

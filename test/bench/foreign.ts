// The same way from an open circuit to a direct connection, by the go and rust programs that are used for comparing.
// They are not part of the repository; each has `relay`, `listen` and `dial` and prints CIRCUIT and DIRECT after N ms.

import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Host } from '../lab/host.ts'
import type { Lab } from '../lab/topologies.ts'

export interface ForeignRun {
  /** Milliseconds from the open circuit, at the side that dialled and at the side that was dialled. */
  dialler: number | undefined
  listener: number | undefined
  /** At the side that dialled, from its dial through the relay; undefined for programs that do not tell of it. */
  dialToCircuit?: number
  dialToDirect?: number
}

/** Both programs settle for seconds before they dial, and give up 20 s later. */
const TIMEOUT_MS = 40_000

/** One side is direct a round trip after the other at most. */
const OTHER_SIDE_MS = 2_000

/** go-libp2p: ids come from seeds, nobody needs to be told any. */
export async function goRun(lab: Lab, program: string): Promise<ForeignRun> {
  const relay = new Transcript(lab.relay, program, ['relay'])
  await relay.find(/^RELAY /m)
  const listener = new Transcript(lab.b, program, ['listen'])
  await listener.find(/^READY/m)
  const dialler = new Transcript(lab.a, program, ['dial'])
  // Printed when the dial has returned, with the milliseconds that it took.
  const dialToCircuit = Number(await dialler.find(/^CONNECTED (\d+)/m))
  const connectedAtMs = performance.now()
  const open = await figures(dialler, listener)
  const since = open.directAtMs - connectedAtMs
  const dialToDirect = open.dialler === undefined ? {} : { dialToDirect: dialToCircuit + since }
  return { dialler: open.dialler, listener: open.listener, dialToCircuit, ...dialToDirect }
}

/** rust-libp2p: ids are given as arguments. */
export async function rustRun(lab: Lab, program: string): Promise<ForeignRun> {
  const relay = new Transcript(lab.relay, program, ['relay'])
  const relayId = await relay.find(/^ID (\S+)/m)
  const listener = new Transcript(lab.b, program, ['listen', relayId])
  const listenerId = await listener.find(/^ID (\S+)/m)
  await listener.find(/^READY/m)
  const dialled = new Transcript(lab.a, program, ['dial', relayId, listenerId])
  const { dialler, listener: atListener } = await figures(dialled, listener)
  return { dialler, listener: atListener }
}

async function figures(
  dialler: Transcript,
  listener: Transcript
): Promise<Pick<ForeignRun, 'dialler' | 'listener'> & { directAtMs: number }> {
  const atDialler = await directAfter(dialler, TIMEOUT_MS)
  const directAtMs = performance.now()
  return { dialler: atDialler, directAtMs, listener: await directAfter(listener, OTHER_SIDE_MS) }
}

/** Undefined when it did not: stayed relayed, or its other side had left before it was done. */
async function directAfter(side: Transcript, timeoutMs: number): Promise<number | undefined> {
  const ms = await side.find(/^DIRECT after (\d+) ms/m, timeoutMs).catch(() => undefined)
  return ms === undefined ? undefined : Number(ms)
}

/** What a program prints, to be searched. It ends with its lab. */
export class Transcript {
  readonly #child: ChildProcess
  readonly #name: string
  #text = ''

  constructor(host: Host, program: string, args: string[], env: Record<string, string> = {}) {
    this.#name = `${program} ${args[0] ?? ''}`
    this.#child = host.spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...env }
    })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#text = (this.#text + text).slice(-MAX_CHARS)
        this.#child.emit('told')
      })
    }
    this.#child.once('close', () => this.#child.emit('told'))
  }

  /** The first group of the match, or all of it; rejects with what was printed when it ends or takes too long. */
  async find(pattern: RegExp, timeoutMs: number = TIMEOUT_MS): Promise<string> {
    const signal = AbortSignal.timeout(timeoutMs)
    for (;;) {
      const match = pattern.exec(this.#text)
      if (match !== null) return match[1] ?? match[0]
      const ended = this.#child.exitCode !== null || this.#child.signalCode !== null
      if (ended) throw new Error(`${this.#name} ended without ${pattern}:\n${this.#text}`)
      await once(this.#child, 'told', { signal }).catch((cause: unknown) => {
        throw new Error(`${this.#name} did not print ${pattern}:\n${this.#text}`, { cause })
      })
    }
  }
}

const MAX_CHARS = 200_000

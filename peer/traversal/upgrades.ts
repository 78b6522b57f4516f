// Goes on trying to make circuits direct as long as they carry anything: quick rounds first, then further and further
// apart, and quickly again when the network has changed. What was direct and got lost is tried again with care.
import type { Connection } from '@libp2p/interface'
import { Delay } from '../delay.ts'
import { LASTING_MS, pauseAfter, pauseAfterLosses } from './plan.ts'
import type { RoundResult } from './punch.ts'

export interface UpgradesInit {
  isDirect: (peer: string) => boolean
  /** One round as initiator; undefined when there was no place for it. */
  round: (circuit: Connection, attempt: number) => Promise<RoundResult | undefined>
}

interface Upgrade {
  delay: Delay
  /** Rounds so far, of those that follow one another quickly. */
  attempt: number
}

/** Peers whose losses are remembered; the one that lost longest ago is forgotten first. */
const MAX_PEERS = 1024

export class Upgrades {
  readonly #init: UpgradesInit
  readonly #signal: AbortSignal
  readonly #running = new Map<Connection, Upgrade>()
  /** Peer → direct connections lost in a row, each after a short life. */
  readonly #losses = new Map<string, number>()

  constructor(init: UpgradesInit, signal: AbortSignal) {
    this.#init = init
    this.#signal = signal
  }

  /** Resolves when there is a direct connection, or the circuit has closed. Once for each circuit at a time. */
  async upgrade(circuit: Connection, { afterMs = 0 } = {}): Promise<void> {
    if (this.#running.has(circuit)) return
    const upgrade = { delay: new Delay(), attempt: 0 }
    const wake = (): void => upgrade.delay.atMost(0)
    this.#running.set(circuit, upgrade)
    circuit.addEventListener('close', wake)
    try {
      await this.#try(circuit, upgrade, afterMs)
    } finally {
      circuit.removeEventListener('close', wake)
      this.#running.delete(circuit)
    }
  }

  /** The network has changed: what failed before may work now. */
  hurry(): void {
    for (const upgrade of this.#running.values()) {
      upgrade.attempt = 0
      upgrade.delay.atMost(0)
    }
  }

  /** A direct connection to that peer has broken, `livedMs` after it opened. */
  lost(peer: string, livedMs: number): void {
    const before = this.#losses.get(peer) ?? 0
    this.#losses.delete(peer)
    if (livedMs < LASTING_MS) this.#losses.set(peer, before + 1)
    const [oldest] = this.#losses.keys()
    if (this.#losses.size > MAX_PEERS && oldest !== undefined) this.#losses.delete(oldest)
  }

  async #try(circuit: Connection, upgrade: Upgrade, afterMs: number): Promise<void> {
    const peer = circuit.remotePeer.toString()
    const signal = this.#signal
    const carefulMs = Math.max(afterMs, pauseAfterLosses(this.#losses.get(peer) ?? 0))
    if (carefulMs > 0) await upgrade.delay.wait(carefulMs, { signal })
    while (circuit.status === 'open' && !this.#init.isDirect(peer)) {
      upgrade.attempt += 1
      const result = await this.#init.round(circuit, upgrade.attempt)
      if (result?.outcome === 'direct' || circuit.status !== 'open') return
      await upgrade.delay.wait(pauseAfter(upgrade.attempt, Math.random()), { signal })
    }
  }
}

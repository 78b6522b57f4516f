// Goes on trying to make circuits direct as long as they carry anything: quick rounds first, then further and further
// apart, and quickly again when the network has changed. What was direct and got lost is tried again with care.
import type { Connection } from '@libp2p/interface'
import { RecentMap } from '../../shared/recent-map.ts'
import { Delay } from '../delay.ts'
import { LASTING_MS, LOST_PAUSE_MS, pauseAfter, pauseAfterLosses } from './plan.ts'
import type { RoundResult } from './punch.ts'

export interface UpgradesInit {
  isDirect: (peer: string) => boolean
  /** One round as initiator; undefined when there was no place for it. */
  round: (circuit: Connection, attempt: number) => Promise<RoundResult | undefined>
}

export interface UpgradeOptions {
  /** Before the first round. */
  afterMs?: number
  /** So many and no more; by default there is no end. */
  rounds?: number
}

interface Upgrade {
  delay: Delay
  /** Rounds so far, of those that follow one another quickly. */
  attempt: number
}

/** There are many punches at once, the other side is in the middle of one, or the peer has had its share of this minute. */
const NO_PLACE_MS = 1_000

/** Peers whose losses are remembered; the one that lost longest ago is forgotten first. */
const MAX_PEERS = 1024

export class Upgrades {
  readonly #init: UpgradesInit
  readonly #signal: AbortSignal
  readonly #running = new Map<Connection, Upgrade>()
  /** Peer → direct connections lost in a row, each after a short life. */
  readonly #losses = new RecentMap<string, number>(MAX_PEERS)

  constructor(init: UpgradesInit, signal: AbortSignal) {
    this.#init = init
    this.#signal = signal
  }

  /** Resolves when there is a direct connection, or the circuit has closed. Once for each circuit at a time. */
  async upgrade(circuit: Connection, options: UpgradeOptions = {}): Promise<void> {
    if (this.#running.has(circuit)) return
    const upgrade = { delay: new Delay(), attempt: 0 }
    const wake = (): void => upgrade.delay.atMost(0)
    this.#running.set(circuit, upgrade)
    circuit.addEventListener('close', wake)
    try {
      await this.#try(circuit, upgrade, options)
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
    if (livedMs < LASTING_MS) this.#losses.set(peer, (this.#losses.get(peer) ?? 0) + 1)
    else this.#losses.delete(peer)
  }

  async #try(
    circuit: Connection,
    upgrade: Upgrade,
    { afterMs = 0, rounds = Infinity }: UpgradeOptions
  ): Promise<void> {
    const peer = circuit.remotePeer.toString()
    const signal = this.#signal
    const carefulMs = Math.max(afterMs, this.#carefulMs(peer))
    if (carefulMs > 0) await upgrade.delay.wait(carefulMs, { signal })
    for (let held = 0; held < rounds && circuit.status === 'open' && !this.#init.isDirect(peer);) {
      const result = await this.#init.round(circuit, upgrade.attempt + 1)
      const wasDirect = result?.outcome === 'direct'
      // It may be lost by now, and who told of that was turned away, because we are still at it.
      if (circuit.status !== 'open' || (wasDirect && this.#init.isDirect(peer))) return
      const lostMs = this.#carefulMs(peer)
      if (result === undefined) {
        const pauseMs = NO_PLACE_MS * (1 + Math.random())
        await upgrade.delay.wait(Math.max(pauseMs, lostMs), { signal })
      } else {
        held += 1
        upgrade.attempt += 1
        const { attempt } = upgrade
        const pause = { attempt, sawRst: result.sawRst === true, random: Math.random() }
        const pauseMs = Math.max(pauseAfter(pause), wasDirect ? Math.max(LOST_PAUSE_MS, lostMs) : 0)
        if (held < rounds) await upgrade.delay.wait(pauseMs, { signal })
      }
    }
  }

  /** After what that peer's direct connections have come to. */
  #carefulMs(peer: string): number {
    return pauseAfterLosses(this.#losses.get(peer) ?? 0)
  }
}

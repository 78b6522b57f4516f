// Goes on trying to make circuits direct as long as they carry anything: quick rounds first, then further and further
// apart, and quickly again when the network has changed. What was direct and got lost is tried again with care.
import type { Connection } from '@libp2p/interface'
import { RecentMap } from '../../shared/recent-map.ts'
import { LASTING_MS, LOST_PAUSE_MS, pauseAfter, pauseAfterLosses } from './plan.ts'
import type { RoundResult } from './punch.ts'
import { Upgrade } from './upgrade.ts'

export interface UpgradesInit {
  isDirect: (peer: string) => boolean
  /** One round as initiator; undefined when there was no place for it. */
  round: (circuit: Connection, attempt: number) => Promise<RoundResult | undefined>
}

export interface UpgradeOptions {
  /** Before the first round. */
  afterMs?: number
  /** So many and no more, by this circuit alone; by default there is no end. */
  rounds?: number
}

/** There are many punches at once, the other side is in the middle of one, or the peer has had its share of this minute. */
const NO_PLACE_MS = 1_000

/** Peers whose losses are remembered; the one that lost longest ago is forgotten first. */
const MAX_PEERS = 1024

export class Upgrades {
  readonly #init: UpgradesInit
  readonly #signal: AbortSignal
  /** By peer, whichever of its circuits it goes by; those that end after so many rounds by their circuit. */
  readonly #running = new Map<string | Connection, Upgrade>()
  /** Peer → direct connections lost in a row, each after a short life. */
  readonly #losses = new RecentMap<string, number>(MAX_PEERS)

  constructor(init: UpgradesInit, signal: AbortSignal) {
    this.#init = init
    this.#signal = signal
  }

  /**
   * Resolves when there is a direct connection, or the circuits to the peer have closed; at once, when it is being
   * tried already: that goes on by this circuit then, where it was if the talk merely moves, and else from the first
   * round.
   */
  async upgrade(
    circuit: Connection,
    { afterMs = 0, rounds = Infinity }: UpgradeOptions = {}
  ): Promise<void> {
    const peer = circuit.remotePeer.toString()
    const key = rounds === Infinity ? peer : circuit
    const firstAfterMs = Math.max(afterMs, this.#carefulMs(peer))
    const running = this.#running.get(key)
    if (running !== undefined) {
      running.join(circuit, firstAfterMs)
      return
    }
    const upgrade = new Upgrade(circuit, () => this.#running.delete(key))
    this.#running.set(key, upgrade)
    await this.#try(peer, upgrade, { afterMs: firstAfterMs, rounds })
  }

  /** The network has changed: what failed before may work now. */
  hurry(): void {
    for (const upgrade of this.#running.values()) upgrade.beginAnew(0)
  }

  /** A direct connection to that peer has broken, `livedMs` after it opened. */
  lost(peer: string, livedMs: number): void {
    if (livedMs < LASTING_MS) this.#losses.set(peer, (this.#losses.get(peer) ?? 0) + 1)
    else this.#losses.delete(peer)
  }

  async #try(
    peer: string,
    upgrade: Upgrade,
    { afterMs, rounds }: Required<UpgradeOptions>
  ): Promise<void> {
    // Ends with the last round, and not a moment later: a circuit that opens then finds nothing to join.
    using running = upgrade
    const { delay } = running
    const signal = this.#signal
    if (afterMs > 0) await delay.wait(afterMs, { signal })
    for (let held = 0; held < rounds && !this.#init.isDirect(peer);) {
      const { circuit } = running
      if (circuit === undefined) return
      const result = await this.#init.round(circuit, running.attempt + 1)
      const wasDirect = result?.outcome === 'direct'
      // It may be lost by now, and who told of that was turned away, because we are still at it.
      if (running.circuit === undefined || (wasDirect && this.#init.isDirect(peer))) return
      const lostMs = this.#carefulMs(peer)
      if (result === undefined) {
        const pauseMs = NO_PLACE_MS * (1 + Math.random())
        await delay.wait(Math.max(pauseMs, lostMs), { signal })
      } else {
        held += 1
        running.attempt += 1
        const { attempt } = running
        const pause = { attempt, sawRst: result.sawRst === true, random: Math.random() }
        const pauseMs = Math.max(pauseAfter(pause), wasDirect ? Math.max(LOST_PAUSE_MS, lostMs) : 0)
        if (held < rounds) await delay.wait(pauseMs, { signal })
      }
    }
  }

  /** After what that peer's direct connections have come to. */
  #carefulMs(peer: string): number {
    return pauseAfterLosses(this.#losses.get(peer) ?? 0)
  }
}

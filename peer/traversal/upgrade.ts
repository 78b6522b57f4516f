// The trying to become direct with one peer: the circuits that lead there, and how far it has come.
import type { Connection } from '@libp2p/interface'
import { type Allowance, allowance, endsSoon } from '../circuits/due.ts'
import { Delay } from '../delay.ts'
import { LOST_PAUSE_MS } from './plan.ts'

/** The relay's clock began a round trip before ours. */
const SPENT_SECONDS = 2

export class Upgrade implements Disposable {
  readonly delay = new Delay()
  /** Rounds so far, of those that follow one another quickly. */
  attempt = 0
  /** Those that have not closed, the youngest last, each with what it began with. */
  readonly #circuits = new Map<Connection, Allowance>()
  readonly #onOver: () => void
  /** The youngest was opened because those before it were about to end. */
  #isMoving = false

  constructor(circuit: Connection, onOver: () => void) {
    this.#onOver = onOver
    this.#add(circuit)
  }

  [Symbol.dispose](): void {
    for (const circuit of this.#circuits.keys()) circuit.removeEventListener('close', this.#closed)
    this.#onOver()
  }

  /** The youngest that stands: older ones may lead to where the other side was before. */
  get circuit(): Connection | undefined {
    return [...this.#circuits.keys()].findLast(({ status }) => status === 'open')
  }

  /**
   * One more circuit to this peer. Beside others that their relay is about to end it is no news: the talk moves.
   * Otherwise the peer has been away, and may be elsewhere.
   */
  join(circuit: Connection, afterMs: number): void {
    if (this.#circuits.has(circuit)) return
    const isMoving = this.#endsSoon()
    this.#add(circuit)
    if (!isMoving) this.beginAnew(afterMs)
    this.#isMoving = isMoving
  }

  /** From the first round, after so long at most. */
  beginAnew(afterMs: number): void {
    this.attempt = 0
    this.delay.atMost(afterMs)
  }

  #add(circuit: Connection): void {
    this.#circuits.set(circuit, allowance(circuit.limits))
    circuit.addEventListener('close', this.#closed)
  }

  #endsSoon(): boolean {
    const circuits = [...this.#circuits]
    // Whoever renews it does so at a moment of its own, but none before this.
    const isEnding = circuits.every(([circuit, initial]) =>
      endsSoon({ initial, left: allowance(circuit.limits), random: 0 })
    )
    return circuits.length > 0 && isEnding
  }

  readonly #closed = (): void => {
    for (const circuit of this.#circuits.keys()) {
      if (circuit.status === 'open' || circuit.status === 'closing') continue
      this.#circuits.delete(circuit)
      if (this.#isMoving && isBroken(circuit)) this.beginAnew(LOST_PAUSE_MS)
    }
    if (this.#circuits.size === 0) this.delay.atMost(0)
  }
}

/** By something else than its relay's limit, and not politely: it was no move after all, the peer went elsewhere. */
function isBroken({ status, limits }: Connection): boolean {
  const isSpent = limits?.seconds !== undefined && limits.seconds < SPENT_SECONDS
  return status !== 'closed' && !isSpent
}

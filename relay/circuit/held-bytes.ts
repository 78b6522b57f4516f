// What all circuits together hold of bytes that could not be sent on yet, and an end to those that hold most when it
// is too much. A circuit alone cannot tell: each of a thousand may hold its 1 MiB, and a small host has half of that.
import { usageOf, type LimitName, type RelayLimits, type Usage } from '../limits.ts'

export interface HoldingBytes {
  readonly heldBytes: number
  end(reason: string, limit: LimitName): void
}

/** What a busy CPU can take in within it, 40 MB at 165 MB/s, is how far the limit may be passed for a moment. */
const LOOK_INTERVAL_MS = 250

export class HeldBytes {
  readonly #limits: Readonly<RelayLimits>
  readonly #circuits = new Set<HoldingBytes>()
  #looking: NodeJS.Timeout | undefined

  constructor(limits: Readonly<RelayLimits>) {
    this.#limits = limits
  }

  /** Watches a circuit until the returned function is called. */
  add(circuit: HoldingBytes): () => void {
    this.#circuits.add(circuit)
    this.#looking ??= setInterval(() => this.look(), LOOK_INTERVAL_MS)
    return () => {
      this.#circuits.delete(circuit)
      if (this.#circuits.size > 0) return
      clearInterval(this.#looking)
      this.#looking = undefined
    }
  }

  /** Ends circuits, those that hold most first, until the rest fits. */
  look(): void {
    const max = this.#limits['held-bytes']
    let total = this.total
    if (total <= max) return
    const fullest = [...this.#circuits]
      .map((circuit) => ({ circuit, bytes: circuit.heldBytes }))
      .toSorted((a, b) => b.bytes - a.bytes)
    for (const { circuit, bytes } of fullest) {
      if (total <= max) return
      const reason = `it held ${bytes} bytes that its peers did not read, and all circuits more than ${max}`
      circuit.end(reason, 'held-bytes')
      total -= bytes
    }
  }

  get total(): number {
    let bytes = 0
    for (const { heldBytes } of this.#circuits) bytes += heldBytes
    return bytes
  }

  usage(): Usage[] {
    return usageOf({ 'held-bytes': this.total }, this.#limits)
  }
}

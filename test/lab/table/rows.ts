// The rows of the table: every pair of kinds of NAT, and the scenes that are no pair.

import type { NatKind } from '../nat.ts'
import { container, oneNat, twoSites, type Lab } from '../topologies.ts'

export interface Row {
  name: string
  /** What `--kinds` has to name, all of it, for the row to be run. */
  kinds: string[]
  build: () => Promise<Lab>
}

const NATS: NatKind[] = ['drop', 'rst', 'full-cone', 'firewall', 'none', 'symmetric']

export const KINDS: readonly string[] = [...NATS, 'same-nat', 'container']

/** `lossPercent` is what the two rows with loss lose of each site's packets in either direction; 0 leaves them out. */
export function rowsOf(kinds: readonly string[], lossPercent: number): Row[] {
  const pairs = NATS.flatMap((a, n) => NATS.slice(n).map((b) => pair(a, b, 0)))
  const lossy =
    lossPercent === 0 ? [] : [pair('drop', 'drop', lossPercent), pair('rst', 'rst', lossPercent)]
  const scenes: Row[] = [
    { name: 'both behind one NAT', kinds: ['same-nat'], build: () => oneNat({ nat: 'drop' }) },
    { name: 'container × LAN of its host', kinds: ['container'], build: () => container() }
  ]
  return [...pairs, ...scenes, ...lossy].filter((row) =>
    row.kinds.every((kind) => kinds.includes(kind))
  )
}

function pair(a: NatKind, b: NatKind, lossPercent: number): Row {
  const loss = lossPercent === 0 ? '' : `, ${lossPercent} % loss`
  return {
    name: `${a} × ${b}${loss}`,
    kinds: [a, b],
    build: () => twoSites({ a: { nat: a, lossPercent }, b: { nat: b, lossPercent } })
  }
}

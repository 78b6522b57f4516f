// What the matrix is made of: every pair of kinds of NAT, and the networks that are no pair of sites.

import { KIND_TITLES, KINDS } from '../kinds.ts'
import type { NatKind } from '../nat.ts'
import { container, oneNat, twoSites, type Lab } from '../topologies.ts'
import type { Conditions } from './record.ts'

export interface Cell {
  /** As `--only` names it: "drop×rst". */
  name: string
  /** As tables do: "drop × RST". */
  title: string
  /** Of a pair: the kinds of the site of A and of the site of B. */
  kinds?: [NatKind, NatKind]
  /** Where the network leaves a choice. */
  build(links: Conditions): Promise<Lab>
}

const SCENES: Cell[] = [
  {
    name: 'one-nat',
    title: 'both behind one NAT',
    build: ({ delaysMs: { relay, a }, lossPercent }) =>
      oneNat({ nat: 'drop', delayMs: a, lossPercent, relay: { delayMs: relay } })
  },
  { name: 'container', title: 'a container × the LAN of its host', build: () => container() }
]

/** Each pair once, with the kind that comes first in the list of kinds as A. */
export const PAIRS: readonly Cell[] = KINDS.flatMap((a, n) => KINDS.slice(n).map((b) => pair(a, b)))

export const CELLS: readonly Cell[] = [...PAIRS, ...SCENES]

/** Those whose kinds are all among `kinds`; with names, only those, in either order. Throws an Error for an unknown name. */
export function cellsOf(kinds: readonly NatKind[], names: readonly string[]): Cell[] {
  const known = new Map(CELLS.flatMap((cell) => spellings(cell).map((name) => [name, cell])))
  const unknown = names.find((name) => !known.has(name))
  if (unknown !== undefined) throw new Error(`no cell ${unknown}: name two kinds, like drop×rst`)
  const named = new Set(names.map((name) => known.get(name)))
  return CELLS.filter(
    (cell) =>
      (named.size === 0 || named.has(cell)) &&
      (cell.kinds === undefined
        ? kinds === KINDS
        : cell.kinds.every((kind) => kinds.includes(kind)))
  )
}

function spellings({ name, kinds }: Cell): string[] {
  if (kinds === undefined) return [name]
  return ['×', 'x'].flatMap((by) => [kinds.join(by), kinds.toReversed().join(by)])
}

function pair(a: NatKind, b: NatKind): Cell {
  return {
    name: `${a}×${b}`,
    title: `${KIND_TITLES[a]} × ${KIND_TITLES[b]}`,
    kinds: [a, b],
    build: ({ delaysMs, lossPercent }) =>
      twoSites({
        relay: { delayMs: delaysMs.relay },
        a: { nat: a, delayMs: delaysMs.a, lossPercent },
        b: { nat: b, delayMs: delaysMs.b, lossPercent }
      })
  }
}

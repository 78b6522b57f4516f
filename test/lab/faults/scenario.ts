// What a scenario says of itself, and the networks that scenarios are played in.

import type { NatKind } from '../nat.ts'
import { twoSites, type Lab } from '../topologies.ts'
import type { Setting, Stage } from './stage.ts'
import type { Promised } from './tally.ts'

export interface Scenario extends Promised {
  /** As `--only` names it. */
  name: string
  /** As the table does: "the relay is killed". */
  title: string
  setting: Setting
  /** Before the players meet. */
  before?: (stage: Stage) => Promise<void>
  /** From when both talk to when all is well again; the talk goes on a little longer. */
  happens: (stage: Stage) => Promise<void>
}

/** A dead path is noticed within 5 s when something waits; another is found in a few; then a busy machine of two cores. */
export const RECOVERY_MS = 15_000

/** A lost connection is told at once; only another has to be made. */
export const RECONNECT_MS = 10_000

/** A move that nothing forces: no pause that anybody sees, and what a busy machine adds. */
export const SMOOTH_MS = 2_000

/** So much talk before something happens. */
export const QUIET_MS = 2_000

export const behind =
  (a: NatKind, b: NatKind, lossPercent = 0) =>
  (): Promise<Lab> =>
    twoSites({ a: { nat: a, lossPercent }, b: { nat: b, lossPercent } })

/** Goes direct within a second. */
export const DIRECT: Setting = { build: behind('drop', 'drop') }

/** No punch is even tried: what happens has nothing to do with one. */
export const RELAYED: Setting = { ...DIRECT, args: ['--relayed-only'] }

/** Nothing but the relay can carry it, however often a punch is tried. */
export const SYMMETRIC: Setting = { build: behind('symmetric', 'symmetric') }

/** Both are direct, and have talked so for a while. */
export async function direct(stage: Stage): Promise<void> {
  await stage.have('direct')
  await stage.wait(QUIET_MS)
}

export async function relayed(stage: Stage): Promise<void> {
  await stage.have('relayed')
  await stage.wait(QUIET_MS)
}

// One run of a row: the whole story, and what came of it.

import { measuresOf, type Measures } from '../stories/measures.ts'
import { takeItsCourse } from '../stories/plot.ts'
import { Scene } from '../stories/scene.ts'
import type { Row } from './rows.ts'

export interface Run {
  path: 'direct' | 'relayed'
  measures: Measures
  /** Why it stayed relayed, as anna was told. */
  reason?: string
  /** What did not happen that was promised: a line lost, doubled or out of order, a process that failed. */
  failure?: string
}

/** Rejects only when the signal aborts, or when the network could not be built. */
export async function runRow(row: Row, signal: AbortSignal): Promise<Run> {
  const lab = await row.build()
  try {
    await using scene = await Scene.open(lab, { measured: true, signal })
    return await playRow(scene, signal)
  } catch (error) {
    signal.throwIfAborted()
    return { path: 'relayed', measures: NOTHING_MEASURED, failure: messageOf(error) }
  }
}

/** The programs did not even start. */
const NOTHING_MEASURED: Measures = {
  openToDirect: { anna: undefined, ben: undefined },
  joinToDirect: undefined,
  reachToDirect: undefined,
  firstAttempt: false
}

async function playRow(scene: Scene, signal: AbortSignal): Promise<Run> {
  try {
    const [reason] = await takeItsCourse(scene)
    const measures = measuresOf(scene)
    return reason === undefined
      ? { path: 'direct', measures }
      : { path: 'relayed', measures, reason }
  } catch (error) {
    signal.throwIfAborted()
    const direct = scene.peers.every((peer) =>
      scene.paths(peer).some(({ path }) => path === 'direct')
    )
    const failure = messageOf(error)
    return { path: direct ? 'direct' : 'relayed', measures: measuresOf(scene), failure }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

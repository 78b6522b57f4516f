// The punch at the moment of meeting: the relay has told both sides of each other just now, and both dial at once.
import type { Multiaddr } from '@multiformats/multiaddr'
import { dialledCandidates, ownCandidates } from './candidates.ts'
import { nextDirect } from './connections.ts'
import { punchRole, type DcutrRole } from './plan.ts'
import { punchDial, type PunchParts, type RoundResult } from './punch.ts'
import { race } from './race.ts'

export interface MeetStart {
  peer: string
  role: DcutrRole
  /** What the other side signed. */
  offered: readonly Multiaddr[]
}

export async function punchAtOnce(
  parts: PunchParts,
  { peer, role, offered }: MeetStart,
  signal: AbortSignal
): Promise<RoundResult> {
  const startedMs = performance.now()
  const { candidates } = dialledCandidates(offered, ownCandidates(parts.own()))
  const release = parts.punches.add(candidates, punchRole(role))
  try {
    const raced = await race({
      candidates,
      dial: punchDial(parts, role, peer),
      connected: async (stop) => nextDirect(parts.node, peer, stop),
      signal
    })
    const { outcome } = raced
    return {
      role,
      candidates: candidates.map(String),
      outcome,
      ms: Math.round(performance.now() - startedMs)
    }
  } finally {
    release()
  }
}

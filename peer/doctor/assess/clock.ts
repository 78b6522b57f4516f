// Whether this machine's clock agrees with a relay's: by the time that the relay tells, or by the end of a reservation. (pure)
import { duration } from '../../terminal/amounts.ts'
import type { Finding } from '../finding.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS

/** What relays grant: ours and go-libp2p's an hour, js-libp2p's two; quarters and halves are usual choices. */
const USUAL_MINUTES = [15, 30, 60, 120]

/** The end is told in whole seconds, and was on its way for a while. */
const ALIKE_MS = 5 * SECOND_MS

/** Farther from every usual time than this, nothing can be told from seconds and minutes. */
const TELLING_MS = 7 * MINUTE_MS

/** No relay grants more. */
const LONGEST_MS = 24 * 60 * MINUTE_MS

const WHY =
  'registrations are ordered by their time, so one from a clock that was ahead keeps later ones out'

/** The relay's clock, in whole seconds, and ours when it told it: Unix milliseconds. */
export function assessTold({ relayMs, nowMs }: { relayMs: number; nowMs: number }): Finding {
  const aheadMs = nowMs - (relayMs + SECOND_MS / 2)
  return compared(aheadMs, { relay: iso(relayMs), now: iso(nowMs), aheadMs })
}

/** `expiresAtMs` by the relay's clock, `nowMs` by ours: Unix milliseconds. */
export function assessExpiry(expiresAtMs: number, nowMs: number): Finding {
  const leftMs = expiresAtMs - nowMs
  const [aheadMs = 0] = USUAL_MINUTES.map((minutes) => minutes * MINUTE_MS - leftMs).toSorted(
    (a, b) => Math.abs(a) - Math.abs(b)
  )
  const now = new Date(nowMs).toISOString()
  const evidence = { expiresAt: iso(expiresAtMs), now, aheadMs }
  if (leftMs <= 0 || leftMs > LONGEST_MS) {
    const which = leftMs <= 0 ? 'ahead of' : 'behind'
    const sentence = `this machine says ${now.slice(0, 19)}Z, far ${which} the relay's time: ${WHY}`
    return { verdict: 'warn', sentence, evidence: { ...evidence, aheadMs: undefined }, ...REMEDY }
  }
  if (Math.abs(aheadMs) <= TELLING_MS) return compared(aheadMs, evidence)
  return {
    verdict: 'skipped',
    sentence: `the relay's reservation ends in ${duration(leftMs)}, an unusual time: nothing can be told from it`,
    evidence: { ...evidence, aheadMs: undefined }
  }
}

function compared(aheadMs: number, evidence: Finding['evidence']): Finding {
  if (Math.abs(aheadMs) <= ALIKE_MS) {
    return { verdict: 'ok', sentence: 'this machine and the relay agree on the time', evidence }
  }
  const which = aheadMs > 0 ? 'ahead of' : 'behind'
  const sentence = `this machine's clock is ${duration(Math.abs(aheadMs))} ${which} the relay's: ${WHY}`
  return { verdict: 'warn', sentence, evidence, ...REMEDY }
}

const REMEDY = {
  remedies: [
    { text: 'Set the clock, for example by switching on NTP.', effect: 'to last' as const }
  ]
}

/** A relay may say anything, and not all of it is a date. */
function iso(ms: number): string | number {
  const date = new Date(ms)
  return Number.isNaN(date.getTime()) ? ms : date.toISOString()
}

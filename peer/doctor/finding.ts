// What a check of the doctor's is, and what it finds.

/** `skipped`: it could not be tried, or there was nothing to try; the sentence says which. */
export type Verdict = 'ok' | 'warn' | 'fail' | 'skipped'

export interface Remedy {
  /** An imperative sentence. */
  text: string
  effect: Effect
}

/** What a remedy is good for, the greatest effect first. */
export const EFFECTS = [
  'to talk at all',
  'to be direct',
  'to be direct with more',
  'to last'
] as const
export type Effect = (typeof EFFECTS)[number]

export interface Finding {
  verdict: Verdict
  /** For a person; about one thing, without a full stop. */
  sentence: string
  /** What was seen, for programs; whatever JSON can say. */
  evidence: Record<string, unknown>
  /** The first is the one with the greatest effect. */
  remedies?: Remedy[]
}

export const CHECK_NAMES = [
  'node',
  'state',
  'port-reuse',
  'network',
  'relay',
  'reservation',
  'clock',
  'large-packets',
  'nat',
  'ipv6',
  'port-mapping'
] as const
export type CheckName = (typeof CHECK_NAMES)[number]

export interface Check {
  name: CheckName
  /** Rejects with the signal's reason only. */
  run: (signal: AbortSignal) => Promise<Finding>
}

export interface Checked extends Finding {
  name: CheckName
  /** How long it took. */
  ms: number
}

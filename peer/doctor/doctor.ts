// Looks at everything that a chat needs, within ten seconds, and says what follows from it.
import { UserError } from '../../shared/errors.ts'
import { deadline } from '../../shared/deadline.ts'
import type { Secret } from '../../shared/secrets.ts'
import { probePortReuse } from '../../shared/transport/port-reuse.ts'
import { UNKNOWN_NAT } from '../nat/nat-kind.ts'
import { SocketBudget } from '../traversal/socket-budget.ts'
import { unlessAborted } from '../unless-aborted.ts'
import { outlooks, type Outlook } from './can-punch.ts'
import { machineChecks, pathChecks, relayChecks } from './checks.ts'
import { diagnose, type Diagnosis } from './diagnosis.ts'
import { startExamination, type Examination } from './examination.ts'
import type { Check, Checked, Finding } from './finding.ts'

export interface DoctorInit {
  /** Multiaddrs that passed `parseRelayAddress`. */
  relays: readonly string[]
  /** For relays that want one. */
  secrets: readonly Secret[]
  nodeVersion: string
  stateFolder: string
}

export interface DoctorOptions {
  signal: AbortSignal
  /** The checks that are about to run, in the order in which people read them. */
  onChecks: (checks: readonly Check[]) => void
  onChecked: (checked: Checked, check: Check) => void
}

/** Leaves time to say it within ten seconds. */
const LIMIT_MS = 9_000
const OUT_OF_TIME = `not done within ${LIMIT_MS / 1000} s`

/** Rejects with the signal's reason, and with what no check expects. */
export async function examine(init: DoctorInit, options: DoctorOptions): Promise<Diagnosis> {
  using limit = deadline(options.signal, LIMIT_MS, OUT_OF_TIME)
  const reuse = probePortReuse()
  const examination = await startExamination({ ...init, reuse }, { signal: limit.signal })
  try {
    const checks = [
      ...machineChecks({ ...init, reuse }),
      ...relayChecks(examination.visits),
      ...pathChecks(examination)
    ]
    options.onChecks(checks)
    const checked = await Promise.all(
      checks.map(async (check) => {
        const result = await runCheck(check, limit.signal, options.signal)
        options.onChecked(result, check)
        return result
      })
    )
    return diagnose(checked, await outlook(examination, limit.signal))
  } finally {
    await examination[Symbol.asyncDispose]()
  }
}

async function runCheck(check: Check, limit: AbortSignal, outer: AbortSignal): Promise<Checked> {
  const startedMs = performance.now()
  const finding = await unlessAborted(check.run(limit), limit).catch((error: unknown): Finding => {
    outer.throwIfAborted()
    if (!limit.aborted && !(error instanceof UserError)) throw error
    const sentence = error instanceof Error ? error.message : String(error)
    return { verdict: 'skipped', sentence, evidence: {} }
  })
  return { name: check.name, ...finding, ms: Math.round(performance.now() - startedMs) }
}

async function outlook(
  { nat, forward, reuse }: Examination,
  signal: AbortSignal
): Promise<Outlook[]> {
  const [kind, tried] = await Promise.all([
    unlessAborted(nat, signal).catch(() => UNKNOWN_NAT),
    unlessAborted(forward, signal).catch(() => undefined)
  ])
  return outlooks({
    nat: kind,
    forwarded: tried?.mapped !== undefined,
    portReuse: reuse.available,
    sockets: await socketsOfAPunch(signal)
  })
}

/** As many as there are; a plan takes what it needs. */
async function socketsOfAPunch(signal: AbortSignal): Promise<number> {
  // No other punch has any here, so it waits for nobody.
  using grant = await new SocketBudget().take(Infinity, { signal })
  return grant.sockets
}

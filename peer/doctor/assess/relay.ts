// What was seen at a relay: whether it answers, how fast, and whether it gives us a place. (pure)
import { SECRET_VARIABLE } from '../../../shared/secret-option.ts'
import type { CircuitLimit } from '../../../shared/wire/circuit.ts'
import { duration, size } from '../../terminal/amounts.ts'
import type { RelayFailure } from '../../reservations/relay-failures.ts'
import type { Finding, Remedy } from '../finding.ts'

export interface Reached {
  /** Multiaddr, as it was named. */
  relay: string
  tcpMs: number
  /** From the open socket to an encrypted and multiplexed connection. */
  handshakeMs: number
  /** Round trips over that connection, in order. */
  pingsMs: readonly number[]
}

/** Above this a talk feels slow, and so does everything that is agreed on over the relay. */
const SLOW_MS = 400

export function assessRelay({ relay, tcpMs, handshakeMs, pingsMs }: Reached): Finding {
  const rttMs = pingsMs.length === 0 ? undefined : median(pingsMs)
  const evidence = { relay, tcpMs, handshakeMs, pingsMs, rttMs }
  if (rttMs === undefined) {
    return {
      verdict: 'warn',
      sentence: `${place(relay)} lets us in and then answers no ping`,
      evidence,
      remedies: [{ text: 'Try another relay.', effect: 'to last' }]
    }
  }
  const sentence = `${place(relay)} answers within ${rttMs} ms (handshakes ${handshakeMs} ms)`
  if (rttMs < SLOW_MS) return { verdict: 'ok', sentence, evidence }
  const text = 'Use a relay that is nearer: until a path is direct, everything goes through it.'
  return { verdict: 'warn', sentence, evidence, remedies: [{ text, effect: 'to last' }] }
}

/** `sentence`: why, with what to look at. */
export function assessUnreached(relay: string, sentence: string): Finding {
  return {
    verdict: 'fail',
    sentence,
    evidence: { relay, reached: false },
    remedies: [
      {
        text: `Get the relay at ${place(relay)} to answer, or name another one.`,
        effect: 'to talk at all'
      }
    ]
  }
}

export const NAME_A_RELAY: Remedy = {
  text: 'Name a relay with --relay MULTIADDR or PARLEY_RELAY: most of this can be seen from there only.',
  effect: 'to talk at all'
}

/** Of a check that needs a relay and has none. */
export function noRelay(reason: string): Finding {
  return { verdict: 'skipped', sentence: `not tried: ${reason}`, evidence: {} }
}

export interface Reserved {
  relay: string
  limit: CircuitLimit
}

export function assessReserved({ relay, limit }: Reserved): Finding {
  const { durationSeconds, dataBytes } = limit
  const limits = [
    ...(durationSeconds ? [duration(durationSeconds * 1000)] : []),
    ...(dataBytes ? [size(dataBytes)] : [])
  ]
  const bound = limits.length === 0 ? 'without a limit' : `of at most ${limits.join(' or ')}`
  return {
    verdict: 'ok',
    sentence: `granted, for circuits ${bound}`,
    evidence: { relay, granted: true, circuitSeconds: durationSeconds, circuitBytes: dataBytes }
  }
}

export function assessRefused(relay: string, { code, message }: RelayFailure): Finding {
  const evidence = { relay, granted: false, code }
  if (code === 'relay-closed') {
    const sentence = `the relay at ${place(relay)} lets in whom it knows, and this look at it has an identity of its own: chat itself shows whether you are let in`
    return { verdict: 'skipped', sentence, evidence }
  }
  const text = ABOUT_SECRETS.has(code)
    ? `Give the secret of the relay at ${place(relay)} with ${SECRET_VARIABLE} or --secret-file.`
    : `Ask who runs the relay at ${place(relay)} for a place, or name another one.`
  return {
    verdict: 'fail',
    sentence: message,
    evidence,
    remedies: [{ text, effect: 'to talk at all' }]
  }
}

const ABOUT_SECRETS = new Set(['relay-wants-secret', 'relay-wrong-secret'])

/** `7.7.7.1:4001` of `/ip4/7.7.7.1/tcp/4001/p2p/…`. */
export function place(relay: string): string {
  const [, family, host, , port] = relay.split('/')
  return `${family === 'ip6' ? `[${host}]` : host}:${port}`
}

/** Rounded to whole milliseconds; of an even number the upper of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0)
}

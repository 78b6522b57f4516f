// Whether there is IPv6 that leads somewhere. (pure)
import type { Finding } from '../finding.ts'

export interface Ipv6Seen {
  /** Public addresses of this machine. */
  own: readonly string[]
  /** The try to reach a relay by it; undefined: no relay has such an address. */
  tried?: { relay: string; ms: number } | { relay: string; problem: string }
}

export function assessIpv6({ own, tried }: Ipv6Seen): Finding {
  const evidence = { own, ...(tried === undefined ? {} : { tried }) }
  const [address] = own
  if (address === undefined) {
    return {
      verdict: 'skipped',
      sentence: 'no public IPv6 address here, so there was nothing to try',
      evidence
    }
  }
  if (tried === undefined) {
    return {
      verdict: 'ok',
      sentence: `${address}; whether it leads anywhere was not tried, for no relay has IPv6`,
      evidence
    }
  }
  if ('ms' in tried) {
    const sentence = `${address} reaches the relay within ${tried.ms} ms`
    return { verdict: 'ok', sentence, evidence }
  }
  return {
    verdict: 'warn',
    sentence: `${address} does not reach the relay by IPv6 (${tried.problem}), which IPv4 does`,
    evidence,
    remedies: [
      {
        text: 'Look at the IPv6 of your router: this machine has an address that leads nowhere.',
        effect: 'to be direct with more'
      }
    ]
  }
}

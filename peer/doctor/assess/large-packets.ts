// Whether large packets get to the relay and back where small ones do. (pure)
import type { Finding } from '../finding.ts'

export interface Echoed {
  bytes: number
  /** Undefined: it did not come back in time. */
  ms: number | undefined
}

/** `echoes` in the order in which they were asked for, after small ones had come back. */
export function assessLargePackets(echoes: readonly Echoed[]): Finding {
  const evidence = { echoes }
  const lost = echoes.find(({ ms }) => ms === undefined)
  const largest = echoes.at(-1)
  if (largest === undefined) {
    return { verdict: 'skipped', sentence: 'not tried: the relay answers no ping', evidence }
  }
  if (lost === undefined) {
    return {
      verdict: 'ok',
      sentence: `${largest.bytes.toLocaleString('en')} bytes at once come back within ${Math.round(largest.ms ?? 0)} ms`,
      evidence
    }
  }
  return {
    verdict: 'fail',
    sentence: `small packets come back from the relay and ${lost.bytes.toLocaleString('en')} bytes at once do not: something on the way drops large packets and does not say so`,
    evidence,
    remedies: [
      {
        text: 'Lower the MTU of the interface, to 1280 for a start (Linux: ip link set dev INTERFACE mtu 1280), and look at the VPN or the router with the smaller MTU.',
        effect: 'to talk at all'
      }
    ]
  }
}

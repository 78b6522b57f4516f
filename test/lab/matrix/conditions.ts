// Under what conditions pairs were run, in a line. (pure)

import type { Conditions } from './record.ts'

/** "40 ms round trip to the relay, 60 ms between the sites, no loss" */
export function conditionsLine({ delaysMs: { relay, a, b }, lossPercent }: Conditions): string {
  const trips = [...new Set([a, b].map((site) => tripMs(relay, site)))].toSorted((x, y) => x - y)
  const loss = lossPercent === 0 ? 'no loss' : `${lossPercent} % loss at each uplink`
  return `${trips.join(' and ')} ms round trip to the relay, ${tripMs(a, b)} ms between the sites, ${loss}`
}

function tripMs(one: number, other: number): number {
  return Math.round(2 * (one + other))
}

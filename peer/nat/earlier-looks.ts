// What of earlier looks at our NAT still counts, as long as the network is the same: a relay that does not answer once
// has seen what it has seen. (pure)
import type { Observation } from './nat-kind.ts'

/** Of several looks at which samples were lost. */
const MAX_SAMPLES = 12

export interface Earlier {
  /** From the listening port. */
  places: Observation[]
  /** From fresh ports. */
  samples: Observation[]
}

/** `known` without what `seen` says anew. */
export function notSeenAgain(known: readonly Observation[], seen: readonly Observation[]): Earlier {
  const isAgain = ({ destination: { host, port } }: Observation): boolean =>
    seen.some(({ destination }) => destination.host === host && destination.port === port)
  const places = known.filter((each) => each.freshPort === undefined && !isAgain(each))
  return { places, samples: known.filter(({ freshPort }) => freshPort !== undefined) }
}

/** Oldest first. Samples of which none was lost tell all that earlier ones did. */
export function together(
  { places, samples }: Earlier,
  seen: readonly Observation[],
  { wanted, sampled }: { wanted: number; sampled: readonly Observation[] }
): Observation[] {
  const earlier = sampled.length < wanted ? samples.slice(sampled.length - MAX_SAMPLES) : []
  return [...places, ...earlier, ...seen, ...sampled]
}

// Whether a router here forwards ports when asked. (pure)
import type { MappingMethod } from '../../port-mapping/gateway.ts'
import type { Finding } from '../finding.ts'

export interface ForwardTried {
  /** Routers that answered, whatever they answered. */
  routers: ReadonlyArray<{ method: MappingMethod; host: string }>
  /** The first that worked; the port is closed again. */
  mapped?: { method: MappingMethod; host: string; address: string }
  /** Why none did; goes on from "the router at HOST". */
  refused?: { host: string; reason: string }
}

export function assessPortMapping({ routers, mapped, refused }: ForwardTried): Finding {
  const evidence = {
    routers,
    ...(mapped === undefined ? {} : { mapped }),
    ...(refused === undefined ? {} : { refused })
  }
  if (mapped !== undefined) {
    const { host, method } = mapped
    return {
      verdict: 'ok',
      sentence: `the router at ${host} forwards ports when asked (${method})`,
      evidence
    }
  }
  if (refused !== undefined) {
    return {
      verdict: 'warn',
      sentence: `the router at ${refused.host} ${refused.reason}`,
      evidence
    }
  }
  return {
    verdict: 'skipped',
    sentence: 'no router here answers to PCP, NAT-PMP or UPnP',
    evidence
  }
}

export const NOT_NEEDED: Finding = {
  verdict: 'skipped',
  sentence: 'not tried: no relay sees you behind a NAT that has a public address',
  evidence: {}
}

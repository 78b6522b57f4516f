// Has a router here forward a port for a moment, and close it again.
import type { Multiaddr } from '@multiformats/multiaddr'
import { findGateways } from '../../port-mapping/find-gateways.ts'
import { GatewayError, type Gateway } from '../../port-mapping/gateway.ts'
import { forwardedAddress, portAt, whyUseless } from '../../port-mapping/usefulness.ts'
import type { ForwardTried } from '../assess/port-mapping.ts'

/** If we are killed before it is closed again. Some routers grant no less. */
const LIFETIME_SECONDS = 120
const CLOSE_TIMEOUT_MS = 1_000

/** `seenAt`: public addresses at which relays see us. Rejects with the signal's reason only. */
export async function tryForward(
  { listening, seenAt }: { listening: readonly Multiaddr[]; seenAt: readonly string[] },
  signal: AbortSignal
): Promise<ForwardTried> {
  const gateways = await findGateways(signal)
  const tried: ForwardTried = { routers: gateways.map(({ method, host }) => ({ method, host })) }
  for (const gateway of gateways) {
    const port = portAt(gateway.localHost, listening)
    if (port === undefined) continue
    const { method, host } = gateway
    const result = await mapOnce(gateway, port, seenAt, signal)
    if ('address' in result) return { ...tried, mapped: { method, host, address: result.address } }
    tried.refused ??= { host, reason: result.reason }
  }
  return tried
}

async function mapOnce(
  gateway: Gateway,
  port: number,
  seenAt: readonly string[],
  signal: AbortSignal
): Promise<{ address: string } | { reason: string }> {
  try {
    const forward = await gateway.map(port, LIFETIME_SECONDS, signal)
    const reason = whyUseless(forward, seenAt)
    return reason === undefined ? { address: forwardedAddress(forward).toString() } : { reason }
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof GatewayError)) throw error
    return { reason: error.message }
  } finally {
    await gateway.unmap(port, AbortSignal.timeout(CLOSE_TIMEOUT_MS)).catch(() => undefined)
  }
}

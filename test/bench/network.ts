// How the two nodes of the benchmark of messages reach each other: over TCP, and through a relay if there is one.
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import type { startNode } from '../support/talkers.ts'

export function networkOf(relay: string | undefined): NonNullable<Parameters<typeof startNode>[0]> {
  if (relay === undefined) return {}
  return {
    listen: ['/ip4/127.0.0.1/tcp/0', `${relay}/p2p-circuit`],
    transports: [tcp(), circuitRelayTransport()],
    services: { identify: identify() }
  }
}

export const isCircuit = (address: { toString(): string }): boolean =>
  address.toString().includes('/p2p-circuit')

// Puts a relay's node together: transports, services, and who is let in.
import { identify, identifyPush } from '@libp2p/identify'
import type { Libp2p, PrivateKey } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import type { Multiaddr } from '@multiformats/multiaddr'
import { answerPings } from '../shared/answer-pings.ts'
import { createNode } from '../shared/node.ts'
import type { Books } from './books.ts'
import { circuitServer } from './circuit/server.ts'
import type { RelayListener } from './events.ts'
import { LIMITS } from './limits.ts'
import { OwnAddresses, type OwnAddressesComponents } from './own-addresses.ts'
import type { Reception } from './reception.ts'

export interface AssembleConfig {
  privateKey: PrivateKey
  listen: string[]
  announce: string[]
  books: Books
  reception: Reception
  onEvent: RelayListener
}

export interface Assembled {
  node: Libp2p
  /** The relay's own, best first, ending in `/p2p/…`. */
  addresses: () => string[]
}

export async function assemble(config: AssembleConfig): Promise<Assembled> {
  const { privateKey, listen, announce, books, reception, onEvent } = config
  let own: OwnAddresses | undefined
  const addresses = (): Multiaddr[] => own?.list() ?? []
  const node = await createNode({
    privateKey,
    listen,
    announce,
    // No port reuse: with it a second relay on the same port would take half of the first one's connections.
    transports: [tcp()],
    services: {
      identify: identify(),
      identifyPush: identifyPush(),
      ping: answerPings(),
      own: (components: OwnAddressesComponents) => {
        own = new OwnAddresses(components, announce)
        return own
      },
      circuit: circuitServer({ books, onEvent, addresses })
    },
    // The reception counts instead, by names that an operator can look up, and never ends a connection that is in use.
    maxConnections: Infinity,
    maxPendingInbound: Infinity,
    inboundUpgradeTimeoutMs: (LIMITS['handshake-seconds'].max + 1) * 1000,
    maxInboundPerHostPerSecond: Infinity,
    gater: reception.gater
  })
  reception.watch(node)
  return { node, addresses: () => addresses().map(String) }
}

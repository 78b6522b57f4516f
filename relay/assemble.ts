// Puts a relay's node together: transports, services, and who is let in.
import { identify, identifyPush } from '@libp2p/identify'
import type { Libp2p, PrivateKey } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import type { Multiaddr } from '@multiformats/multiaddr'
import { answerPings } from '../shared/answer-pings.ts'
import { createNode } from '../shared/node.ts'
import { wholePackets } from '../shared/transport/whole-packets.ts'
import type { Books } from './books.ts'
import { circuitServer, type CircuitServer } from './circuit/server.ts'
import type { RelayListener } from './events.ts'
import { LIMITS } from './limits.ts'
import { OwnAddresses, type OwnAddressesComponents } from './own-addresses.ts'
import type { OwnEnds } from './own-ends.ts'
import type { Reception } from './reception.ts'

export interface AssembleConfig {
  privateKey: PrivateKey
  listen: string[]
  announce: string[]
  books: Books
  own: OwnEnds
  reception: Reception
  onEvent: RelayListener
}

export interface Assembled {
  node: Libp2p<{ circuit: CircuitServer }>
  /** The relay's own, best first, ending in `/p2p/…`. */
  addresses: () => string[]
  /** Those at which it listens itself. */
  listening: () => string[]
}

export async function assemble(config: AssembleConfig): Promise<Assembled> {
  const { privateKey, listen, announce, books, reception, onEvent } = config
  let ownAddresses: OwnAddresses | undefined
  const addresses = (): Multiaddr[] => ownAddresses?.list() ?? []
  const node = await createNode({
    privateKey,
    listen,
    announce,
    // No port reuse: with it a second relay on the same port would take half of the first one's connections.
    transports: [wholePackets(tcp())],
    services: {
      identify: identify(),
      identifyPush: identifyPush(),
      ping: answerPings(),
      own: (components: OwnAddressesComponents) => {
        ownAddresses = new OwnAddresses(components, announce)
        return ownAddresses
      },
      circuit: circuitServer({ books, own: config.own, onEvent, addresses })
    },
    // The reception counts instead, by names that an operator can look up, and never ends a connection that is in use.
    maxConnections: Infinity,
    maxPendingInbound: Infinity,
    inboundUpgradeTimeoutMs: (LIMITS['handshake-seconds'].max + 1) * 1000,
    maxInboundPerHostPerSecond: Infinity,
    gater: reception.gater
  })
  reception.watch(node)
  return {
    node,
    addresses: () => addresses().map(String),
    listening: () => (ownAddresses?.listening() ?? []).map(String)
  }
}

// Puts a relay's node together: transports, services, and who is let in.
import type { Libp2p, PrivateKey } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import type { Multiaddr } from '@multiformats/multiaddr'
import { answerPings } from '../shared/answer-pings.ts'
import { createNode } from '../shared/node.ts'
import { DIAL_BACK_PROTOCOL } from '../shared/wire/dial-back.ts'
import type { Books } from './books.ts'
import { MAX_INBOUND_STREAMS } from './circuit/limits.ts'
import { circuitServer, type CircuitServer } from './circuit/server.ts'
import { CIRCUIT_WINDOW_BYTES } from './circuit/window.ts'
import type { RelayListener } from './events.ts'
import { identifyAnswer } from './identify-answer.ts'
import { LIMITS } from './limits.ts'
import { oneDoor } from './one-door.ts'
import { OwnAddresses, type OwnAddressesComponents } from './own-addresses.ts'
import type { OwnEnds } from './own-ends.ts'
import type { Reception } from './reception.ts'
import { watchStreams } from './stream-watch.ts'
import { unknownPeers } from './unknown-peers.ts'

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
    transports: [tcp()],
    services: {
      // Peers ask it who it is; it has no use for the same of them. Nor has it news to push: where it is reached stands in
      // each reservation, and what it announces takes a restart.
      identify: identifyAnswer({ unlisted: [DIAL_BACK_PROTOCOL] }),
      ping: answerPings(),
      own: (components: OwnAddressesComponents) => {
        ownAddresses = new OwnAddresses(components, announce)
        return ownAddresses
      },
      unknownPeers: unknownPeers(),
      oneDoor: oneDoor(),
      circuit: circuitServer({
        books,
        own: config.own,
        onEvent,
        onOffence: reception.onOffence,
        addresses: () => ownAddresses?.recent() ?? []
      })
    },
    // The reception counts instead, by names that an operator can look up, and never ends a connection that is in use.
    maxConnections: Infinity,
    maxPendingInbound: Infinity,
    inboundUpgradeTimeoutMs: (LIMITS['handshake-seconds'].max + 1) * 1000,
    maxInboundPerHostPerSecond: Infinity,
    gater: reception.gater,
    maxInboundStreams: MAX_INBOUND_STREAMS,
    maxWindowBytes: CIRCUIT_WINDOW_BYTES
  })
  reception.watch(node)
  watchStreams(node, config)
  return {
    node,
    addresses: () => addresses().map(String),
    listening: () => (ownAddresses?.listening() ?? []).map(String)
  }
}

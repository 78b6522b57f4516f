// Assembles a libp2p node the way both programs run it: what is encrypted, multiplexed and pinged with,
// and the limits of the connection manager, in one place.
import { yamux } from '@chainsafe/libp2p-yamux'
import type { ConnectionGater, Libp2p, PrivateKey, ServiceMap, Transport } from '@libp2p/interface'
import { createLibp2p, type ServiceFactoryMap } from 'libp2p'
import { boundedMuxer } from './transport/bounded-muxer.ts'
import { connectionList } from './transport/connection-list.ts'
import { encryptionSteps } from './transport/encryption-steps.ts'
import { inboundNegotiation } from './transport/inbound-negotiation.ts'
import { keptKey } from './transport/kept-key.ts'
import { muxerPings } from './transport/muxer-pings.ts'
import { guardedEncrypter } from './transport/negotiation-guard.ts'
import { optimisticStreams } from './transport/optimistic-streams.ts'
import { quietLogger } from './transport/quiet-logger.ts'
import { swiftNoise } from './transport/swift-noise.ts'
import { thriftyWindows } from './transport/thrifty-windows.ts'

export interface NodeConfig<Services extends ServiceMap> {
  privateKey: PrivateKey
  /** Multiaddrs to listen on; port 0 lets the system choose. */
  listen: string[]
  /** Multiaddrs told to others beside those that the node finds out by itself. */
  announce: string[]
  transports: Array<(components: any) => Transport>
  services: ServiceFactoryMap<Services>
  /** Above this the connection manager prunes, and turns away in silence; Infinity for a node with a gater of its own. */
  maxConnections: number
  /** New inbound connections from one host, a second; also in silence. */
  maxInboundPerHostPerSecond: number
  /** Whether dead connections are found by pings and ended; who does that himself says no. */
  pings?: boolean
  /** At the same time; MAX_PENDING_INBOUND by default. */
  maxPendingInbound?: number
  /** For the handshake of an inbound connection; the library's 10 s by default. */
  inboundUpgradeTimeoutMs?: number
  gater?: ConnectionGater
  /** That one remote may have open on a connection, agreed or not; MAX_INBOUND_STREAMS by default. */
  maxInboundStreams?: number
  /** That a stream may have under way to us; MAX_WINDOW_BYTES by default. */
  maxWindowBytes?: number
}

/** What both sides agree to on a connection behind its encryption. */
const MUXER = '/yamux/1.0.0'

/** The library's. */
const MAX_INBOUND_STREAMS = 1000

/** The library's: what a fast direct path fills. */
const MAX_WINDOW_BYTES = 16 * 1024 * 1024

/** One handshake per pending inbound connection costs about 5 ms of CPU: half a second's worth. */
const MAX_PENDING_INBOUND = 100

/** A lost packet costs a retransmission, 200 ms to some seconds; a ping this late means the path is dead. */
const PING_TIMEOUT_MS = 15_000

/** The kernel repeats a lost SYN after 1, 3 and 7 s; handshakes lose packets as well. The library gives an address 6 s. */
const DIAL_TIMEOUT_MS = 10_000

/** Creates the node without starting it: listeners for its events can be attached before anything happens. */
export async function createNode<Services extends ServiceMap>(
  config: NodeConfig<Services>
): Promise<Libp2p<Services>> {
  const { maxInboundStreams = MAX_INBOUND_STREAMS, maxWindowBytes = MAX_WINDOW_BYTES } = config
  const muxer = yamux({
    maxInboundStreams,
    // Those that come with the last packet of the handshake; the library takes ten, and leaves a dead connection else.
    maxEarlyStreams: maxInboundStreams,
    enableKeepAlive: config.pings === false,
    streamOptions: { maxStreamWindowSize: maxWindowBytes }
  })
  const services: ServiceFactoryMap<Services> = { ...config.services }
  Object.assign(services, {
    connectionList: connectionList(),
    encryptionSteps: encryptionSteps(),
    inboundNegotiation: inboundNegotiation()
  })
  if (config.pings !== false) {
    Object.assign(services, { muxerPings: muxerPings({ timeoutMs: PING_TIMEOUT_MS }) })
  }
  return createLibp2p({
    start: false,
    logger: quietLogger(),
    privateKey: keptKey(config.privateKey),
    addresses: { listen: config.listen, appendAnnounce: config.announce },
    transports: config.transports,
    connectionEncrypters: [guardedEncrypter(swiftNoise(), MUXER)],
    streamMuxers: [
      boundedMuxer(thriftyWindows(optimisticStreams(muxer)), { maxFrameBytes: maxWindowBytes })
    ],
    services,
    connectionManager: {
      maxConnections: config.maxConnections,
      dialTimeout: DIAL_TIMEOUT_MS,
      addressDialTimeout: DIAL_TIMEOUT_MS,
      maxIncomingPendingConnections: config.maxPendingInbound ?? MAX_PENDING_INBOUND,
      ...(config.inboundUpgradeTimeoutMs === undefined
        ? {}
        : { inboundUpgradeTimeout: config.inboundUpgradeTimeoutMs }),
      inboundConnectionThreshold: config.maxInboundPerHostPerSecond
    },
    connectionMonitor: { enabled: false },
    connectionGater: { denyDialMultiaddr: () => false, ...config.gater }
  })
}

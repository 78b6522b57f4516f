// A peer's libp2p node: both transports, identify and ping, and the parts of it that traversal needs.
import { identify, identifyPush } from '@libp2p/identify'
import type { Libp2p, PrivateKey } from '@libp2p/interface'
import type { TransportManager } from '@libp2p/interface-internal'
import { multiaddr } from '@multiformats/multiaddr'
import { answerPings } from '../shared/answer-pings.ts'
import { UserError } from '../shared/errors.ts'
import { createNode } from '../shared/node.ts'
import { assertPortIsFree } from '../shared/transport/free-port.ts'
import { LocalEnds, type FindLocalEnd } from '../shared/transport/local-ends.ts'
import type { PortReuse } from '../shared/transport/port-reuse.ts'
import type { PunchTable } from '../shared/transport/punch-table.ts'
import { peerTransports } from './transports.ts'

/** Two for each member of a full room, the relays, and some that come and go. */
const MAX_CONNECTIONS = 600

/** Several members may sit behind one NAT or on one machine. */
const MAX_INBOUND_PER_HOST_PER_SECOND = 50

/** Our mapped address comes with the relay's identify: on a line that loses packets it is worth waiting for. */
const IDENTIFY_TIMEOUT_MS = 10_000

export interface PeerNodeConfig {
  privateKey: PrivateKey
  listen: string[]
  announce: string[]
  punches: PunchTable
  reuse: PortReuse
}

export interface PeerNode {
  node: Libp2p
  /** The public node has no way to dial with a role or to listen later on; this has. */
  transportManager: TransportManager
  /** Where dials leave from; always undefined where ports cannot be shared. */
  localEnd: FindLocalEnd
}

/** Listens, on the ports asked for or not at all. Throws a UserError. */
export async function startPeerNode(config: PeerNodeConfig): Promise<PeerNode> {
  const net = await createPeerNode(config)
  await listen(net.node, config.listen)
  return net
}

async function createPeerNode(config: PeerNodeConfig): Promise<PeerNode> {
  let transportManager: TransportManager | undefined
  const localEnds = new LocalEnds()
  const node = await createNode({
    privateKey: config.privateKey,
    listen: config.listen,
    announce: config.announce,
    transports: peerTransports({ ...config, localEnds }),
    services: {
      identify: identify({ timeout: IDENTIFY_TIMEOUT_MS }),
      identifyPush: identifyPush(),
      ping: answerPings(),
      parts: (components: { transportManager: TransportManager }) => {
        transportManager = components.transportManager
        return {}
      }
    },
    maxConnections: MAX_CONNECTIONS,
    // peer/liveness does, for what depends on it is worth more than a quiet log.
    pings: false,
    maxInboundPerHostPerSecond: MAX_INBOUND_PER_HOST_PER_SECOND
  })
  if (transportManager === undefined)
    throw new Error('libp2p created the node without its services')
  const localEnd: FindLocalEnd = config.reuse.available ? localEnds.towards : () => undefined
  return { node, transportManager, localEnd }
}

/** The ports are tried first: the library listens on a port that another copy of this program has. */
async function listen(node: Libp2p, addresses: string[]): Promise<void> {
  for (const address of addresses) await assertPortIsFree(multiaddr(address))
  try {
    await node.start()
  } catch (cause) {
    // The library does so too; nothing says that it has to.
    await node.stop()
    const { failed, why } = whyNot(cause) ?? { failed: addresses.join(', '), why: String(cause) }
    const message = `cannot listen on ${failed} (${why}): choose another address with --listen`
    throw new UserError('cannot-listen', message, { cause })
  }
}

/** The library's message lists, on lines of their own, the addresses that failed, each with an error and its stack. */
function whyNot(cause: unknown): { failed: string; why: string } | undefined {
  const lines = cause instanceof Error ? cause.message : ''
  const [, failed, why] = /^\s*(\/[^:\n]\S*): (?:Error: )?(.+)$/mv.exec(lines) ?? []
  return failed === undefined || why === undefined ? undefined : { failed, why }
}

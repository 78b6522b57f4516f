// Peers as a relay has them, many in one process: argv[2] is the relay, argv[3] how many. Each is connected, reserved,
// registered in a room of five, asks who is there and is pinged as `parley chat` does and is; prints their circuit
// addresses when all are. A line on standard input is a Traffic: from then on each has a circuit to one of the targets.
import { createInterface } from 'node:readline'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Connection } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { startLiveness } from '../../peer/liveness/liveness.ts'
import { startPeerNode, type PeerNode } from '../../peer/node.ts'
import { startRelays } from '../../peer/relays.ts'
import { probePortReuse } from '../../shared/transport/port-reuse.ts'
import { PunchTable } from '../../shared/transport/punch-table.ts'
import { Echo, ECHO_PROTOCOL } from './echo.ts'
import type { Traffic } from './sizing.ts'

const ROOM_MEMBERS = 5

const onNews = (): void => {}

const [, , relay = '', count = '1', group = ''] = process.argv
const { signal } = new AbortController()
const peers: PeerNode[] = []
for (let n = 0; n < Number(count); n++) peers.push(await startOne(n))
const circuits = peers.map(({ node }) => `${relay}/p2p-circuit/p2p/${node.peerId.toString()}`)
console.log(JSON.stringify(circuits))

createInterface({ input: process.stdin })
  .on('line', (line) => void run(JSON.parse(line)))
  .on('close', () => process.exit(0))

async function startOne(n: number): Promise<PeerNode> {
  const privateKey = await generateKeyPair('Ed25519')
  const net = await startPeerNode({
    privateKey,
    listen: [],
    announce: [],
    punches: new PunchTable(),
    reuse: probePortReuse()
  })
  await net.node.handle(
    ECHO_PROTOCOL,
    (stream) => stream.addEventListener('message', ({ data }) => void stream.send(data)),
    { runOnLimitedConnection: true }
  )
  startLiveness({ node: net.node, isRelay: () => true, onChange: onNews }, { signal })
  const relays = startRelays(
    {
      node: net.node,
      relays: [relay],
      room: `room ${group} ${Math.floor(n / ROOM_MEMBERS)}`,
      privateKey,
      addresses: () => [],
      onPeer: onNews,
      onStill: onNews,
      onGone: onNews,
      leave: () => [],
      onReserved: onNews,
      tell: onNews
    },
    { signal }
  )
  await relays.joined
  return net
}

async function run({ targets, bytes, everyMs }: Traffic): Promise<void> {
  for (const [n, target] of targets.entries()) {
    // Each time around with the next one: two peers have one circuit.
    const from = peers[(n + Math.floor(n / peers.length)) % peers.length]
    const connection = await from?.node.dial(multiaddr(target))
    if (connection !== undefined) void talk(connection, bytes, everyMs)
  }
  console.log('running')
}

/** Until the process ends: a piece goes out and comes back, and then the next at its time. */
async function talk(connection: Connection, bytes: number, everyMs: number): Promise<void> {
  const echo = await Echo.open(connection, bytes)
  for (;;) {
    const tookMs = await echo.send(1)
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, everyMs - tookMs)))
  }
}

// A process in a host of the lab that is one peer after another: what it is told comes on standard input, a line of
// JSON each (orders.ts), and what its peers tell leaves on standard output, as `parley chat --json` prints it.

import { createInterface } from 'node:readline'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Peer } from '../../../peer/api.ts'
import { startPeer } from '../../../peer/peer.ts'
import { tell } from '../tell.ts'
import type { Join, Order } from './orders.ts'

/** What the command listens on unless told otherwise. */
const LISTEN = ['/ip4/0.0.0.0/tcp/0', '/ip6/::/tcp/0']

const [name = 'member'] = process.argv.slice(2)
let peer: Peer | undefined

for await (const line of createInterface({ input: process.stdin })) await obey(JSON.parse(line))
await peer?.[Symbol.asyncDispose]()

async function obey(order: Order): Promise<void> {
  switch (order.do) {
    case 'join':
      return join(order)
    case 'say':
      peer?.send(order.text)
      return undefined
    case 'leave':
      return peer?.[Symbol.asyncDispose]()
  }
}

async function join({ room, relay, timeoutMs }: Join): Promise<void> {
  const privateKey = await generateKeyPair('Ed25519')
  const config = { privateKey, name, room, relays: [relay], listen: LISTEN }
  const { signal } = new AbortController()
  const joined = await startPeer(
    { ...config, announce: [], relayedOnly: false },
    { signal, onEvent: tell }
  )
  peer = joined
  await joined.joined(AbortSignal.timeout(timeoutMs))
  tell({ event: 'joined' })
}

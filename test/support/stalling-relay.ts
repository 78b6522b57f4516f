// A relay that stops answering somewhere on a peer's way into the room, until it is let go on.
import assert from 'node:assert/strict'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { identify } from '@libp2p/identify'
import type { Libp2p, Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { lpStream } from '@libp2p/utils'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import {
  CircuitStatus,
  encodeHop,
  HOP_PROTOCOL,
  type CircuitLimit
} from '../../shared/wire/circuit.ts'
import { RENDEZVOUS_PROTOCOL } from '../../shared/wire/rendezvous.ts'
import { patience } from './raw-circuit.ts'

const IDENTIFY_PROTOCOL = '/ipfs/id/1.0.0'

/** Where it stalls: it grants reservations, and never answers who is in a room. */
export type Stage = 'identify' | 'reserve' | 'rendezvous'

const garbage = (stream: Stream): void => void stream.send(Buffer.alloc(100, 0xff))

interface Granted {
  lifetimeSeconds: number
  limit: CircuitLimit
  /** What it says of itself beside the address at which it listens; ending in its peer id. */
  announced: string[]
}

export interface StallingRelay extends AsyncDisposable {
  readonly node: Libp2p
  readonly address: Multiaddr
  /** Resolves when a peer waits for the answer that does not come. */
  readonly asked: Promise<void>
  /** Reservations that were asked for. */
  readonly count: number
  /** Answers reservations with this status from now on, those that wait included. */
  answer(status: number, granted?: Partial<Granted>): void
  /** What it is from now on. */
  pretend(what: 'a relay' | 'no relay' | 'garbage'): Promise<void>
}

/** `listen`: where; on a port of its own else. */
export async function stallingRelay(
  stage: Stage,
  { listen = '/ip4/127.0.0.1/tcp/0' } = {}
): Promise<StallingRelay> {
  const asked = Promise.withResolvers<void>()
  const answering = Promise.withResolvers<void>()
  let status: number = CircuitStatus.OK
  let granted: Granted = { lifetimeSeconds: 60, limit: {}, announced: [] }
  let count = 0
  if (stage !== 'reserve') answering.resolve()
  const services: Record<string, ReturnType<typeof identify>> = stage === 'identify'
    ? {}
    : { identify: identify() }
  const node = await createLibp2p({
    addresses: { listen: [listen] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services
  })
  const [address] = node.getMultiaddrs()
  assert.ok(address !== undefined)
  const stall = (): void => asked.resolve()
  if (stage === 'identify') await node.handle(IDENTIFY_PROTOCOL, stall)
  await node.handle(RENDEZVOUS_PROTOCOL, stage === 'rendezvous' ? stall : () => undefined)
  const hop = async (stream: Stream): Promise<void> => {
    if (stage === 'reserve') asked.resolve()
    count += 1
    await answering.promise
    await answerReserve(stream, status, address, granted)
  }
  await node.handle(HOP_PROTOCOL, hop)
  return {
    node,
    address,
    asked: asked.promise,
    get count() {
      return count
    },
    answer: (next, changed = {}) => {
      status = next
      granted = { ...granted, ...changed }
      answering.resolve()
    },
    pretend: async (what) => {
      await node.unhandle(HOP_PROTOCOL)
      if (what !== 'no relay') await node.handle(HOP_PROTOCOL, what === 'garbage' ? garbage : hop)
    },
    [Symbol.asyncDispose]: async () => node.stop()
  }
}

async function answerReserve(
  stream: Stream,
  status: number,
  address: Multiaddr,
  { lifetimeSeconds, limit, announced }: Granted
): Promise<void> {
  const frames = lpStream(stream)
  await frames.read({ signal: patience() })
  const expireSeconds = Math.floor(Date.now() / 1000) + lifetimeSeconds
  const told = [...announced.map((text) => multiaddr(text)), address]
  const reservation = { expireSeconds, addresses: told.map(({ bytes }) => bytes) }
  const granted = status === CircuitStatus.OK ? { reservation, limit } : {}
  await frames.write(encodeHop({ type: 'STATUS', status, ...granted }), { signal: patience() })
}

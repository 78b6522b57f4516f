// A relay that stops answering somewhere on a peer's way into the room, until it is let go on.
import assert from 'node:assert/strict'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { identify } from '@libp2p/identify'
import type { Libp2p, Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { lpStream } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { CircuitStatus, encodeHop, HOP_PROTOCOL } from '../../shared/wire/circuit.ts'
import { RENDEZVOUS_PROTOCOL } from '../../shared/wire/rendezvous.ts'
import { patience } from './raw-circuit.ts'

const IDENTIFY_PROTOCOL = '/ipfs/id/1.0.0'

/** Where it stalls: it grants reservations, and never answers who is in a room. */
export type Stage = 'identify' | 'reserve' | 'rendezvous'

export interface StallingRelay extends AsyncDisposable {
  readonly node: Libp2p
  readonly address: Multiaddr
  /** Resolves when a peer waits for the answer that does not come. */
  readonly asked: Promise<void>
  /** Answers reservations with this status from now on, those that wait included. */
  answer(status: number): void
}

export async function stallingRelay(stage: Stage): Promise<StallingRelay> {
  const asked = Promise.withResolvers<void>()
  const answering = Promise.withResolvers<void>()
  let status: number = CircuitStatus.OK
  if (stage !== 'reserve') answering.resolve()
  const services: Record<string, ReturnType<typeof identify>> = stage === 'identify'
    ? {}
    : { identify: identify() }
  const node = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
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
  await node.handle(HOP_PROTOCOL, async (stream) => {
    if (stage === 'reserve') asked.resolve()
    await answering.promise
    await answerReserve(stream, status, address)
  })
  return {
    node,
    address,
    asked: asked.promise,
    answer: (next) => {
      status = next
      answering.resolve()
    },
    [Symbol.asyncDispose]: async () => node.stop()
  }
}

async function answerReserve(stream: Stream, status: number, address: Multiaddr): Promise<void> {
  const frames = lpStream(stream)
  await frames.read({ signal: patience() })
  // So short that the library renews it whenever it is asked to.
  const expireSeconds = Math.floor(Date.now() / 1000) + 60
  const reservation = { expireSeconds, addresses: [address.bytes] }
  const granted = status === CircuitStatus.OK ? { reservation } : {}
  await frames.write(encodeHop({ type: 'STATUS', status, ...granted }), { signal: patience() })
}

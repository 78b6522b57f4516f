// A relay that grants reservations, has rooms that are empty, and tells its peers to punch with whatever records it likes.
import type { Stream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { lengthPrefixed } from '../../shared/wire/field-writer.ts'
import { encodeMeet, MEETING_PROTOCOL } from '../../shared/wire/meeting.ts'
import {
  decodeMessage,
  encodeMessage,
  RENDEZVOUS_PROTOCOL,
  STATUS,
  type RendezvousMessage
} from '../../shared/wire/rendezvous.ts'
import { stallingRelay, type StallingRelay } from './stalling-relay.ts'

export interface LyingRelay extends StallingRelay {
  /** The stream of the peer that subscribed first. */
  readonly subscribed: Promise<Stream>
  tell(room: string, signedPeerRecord: Uint8Array): Promise<void>
}

export async function lyingRelay(): Promise<LyingRelay> {
  const relay = await stallingRelay('rendezvous')
  const { promise: subscribed, resolve } = Promise.withResolvers<Stream>()
  await relay.node.handle(MEETING_PROTOCOL, resolve)
  await relay.node.unhandle(RENDEZVOUS_PROTOCOL)
  await relay.node.handle(RENDEZVOUS_PROTOCOL, (stream) => {
    answer(stream).catch(() => undefined) // its peer has left
  })
  return Object.assign(relay, {
    subscribed,
    tell: async (room: string, signedPeerRecord: Uint8Array) => {
      const stream = await subscribed
      if (stream.status === 'open')
        stream.send(lengthPrefixed(encodeMeet({ room, signedPeerRecord })))
    }
  })
}

async function answer(stream: Stream): Promise<void> {
  const frames = lpStream(stream)
  for (;;) {
    const { type } = decodeMessage((await frames.read()).subarray())
    if (type === 'unregister') continue
    const reply: RendezvousMessage =
      type === 'register'
        ? { type: 'registerResponse', status: STATUS.ok, ttlSeconds: 7200 }
        : { type: 'discoverResponse', status: STATUS.ok, registrations: [] }
    await frames.write(encodeMessage(reply))
  }
}

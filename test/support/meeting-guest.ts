// A peer that subscribes to meetings and registers by hand, and notes whom it is told of.
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Connection, PrivateKey, Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { readFrames } from '../../peer/conversation/frames.ts'
import { rendezvousChannel } from '../../peer/discovery/channel.ts'
import { register } from '../../peer/discovery/rendezvous-client.ts'
import { openRecord, sealRecord } from '../../shared/signed-record.ts'
import { lengthPrefixed } from '../../shared/wire/field-writer.ts'
import {
  decodeNotice,
  encodeSubscribe,
  MAX_MEET_BYTES,
  MEETING_PROTOCOL
} from '../../shared/wire/meeting.ts'
import { EventLog } from './event-log.ts'
import { patience } from './raw-circuit.ts'
import type { RelayScene } from './relay-scene.ts'

export interface Met {
  room: string
  /** Who has signed the record. */
  peer: string
  addresses: string[]
}

export interface MeetingGuest {
  id: string
  connection: Connection
  met: EventLog<Met>
  /** Resolves with the stream, on which it may be told from now on. */
  subscribe(...rooms: string[]): Promise<Stream>
  register(room: string): Promise<void>
}

export async function recordOf(
  key: PrivateKey,
  addresses: string[],
  sequence = Date.now()
): Promise<Uint8Array> {
  const named = addresses.map((address) => multiaddr(address))
  return sealRecord(key, {
    form: 'standard',
    addresses: named,
    sequence,
    signal: patience()
  })
}

/** Listens at `addresses`, or says so. */
export async function meetingGuest(
  scene: RelayScene,
  ...addresses: string[]
): Promise<MeetingGuest> {
  const key = await generateKeyPair('Ed25519')
  const node = await scene.plainPeer(key)
  const connection = await node.dial(scene.address, { signal: patience() })
  const channel = rendezvousChannel(connection)
  const met = new EventLog<Met>()
  let sequence = Date.now()
  return {
    id: node.peerId.toString(),
    connection,
    met,
    subscribe: async (...rooms) => {
      const stream = await connection.newStream(MEETING_PROTOCOL, { signal: patience() })
      stream.send(lengthPrefixed(encodeSubscribe({ rooms })))
      listen(stream, met).catch(() => undefined) // the stream was ended: as some tests want it
      return stream
    },
    register: async (room) => {
      const record = await recordOf(key, addresses, (sequence += 1))
      await register(channel, { room, record, signal: patience() })
    }
  }
}

async function listen(stream: Stream, met: EventLog<Met>): Promise<void> {
  const limits = { maxFrameBytes: MAX_MEET_BYTES, frameTimeoutMs: 10_000 }
  const { signal } = new AbortController()
  for await (const frames of readFrames(stream, { ...limits, signal })) {
    for (const frame of frames) {
      const notice = decodeNotice(frame)
      if (notice.type === 'leaving') continue
      const { room, signedPeerRecord } = notice
      const { peer, addresses } = await openRecord(signedPeerRecord, { signal })
      met.note({ room, peer: peer.toString(), addresses: addresses.map(String) })
    }
  }
}

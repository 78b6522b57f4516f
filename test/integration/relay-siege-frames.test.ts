// What a peer that has shaken hands may do to a relay with frames of yamux: too large, too many, and without sense.
import { randomBytes } from 'node:crypto'
import { it } from 'node:test'
import { encodeHop, HOP_PROTOCOL } from '../../shared/wire/circuit.ts'
import { encodeMessage, RENDEZVOUS_PROTOCOL } from '../../shared/wire/rendezvous.ts'
import {
  dataFrame,
  FLAG,
  FRAME,
  opening,
  rawConnection,
  yamuxHeader
} from '../support/raw-yamux.ts'
import { RelayProcess } from '../support/relay-process.ts'
import {
  type Attack,
  endureEach,
  flood,
  floodToTheEnd,
  framed,
  repeated
} from '../support/siege-by-hand.ts'
import { endures, HOSTILE_HOST, NO_SECOND_HOST } from '../support/siege.ts'

const PING = '/ipfs/ping/1.0.0'
/** Spoken by peers, and not by a relay. */
const FOREIGN = '/ipfs/id/push/1.0.0'

const ATTACKS: Record<string, Attack> = {
  'a frame of 4 GiB': {
    run: async (raw) => {
      await raw.send(yamuxHeader(FRAME.data, FLAG.syn, 1, 0xff_ff_ff_ff))
      await floodToTheEnd(raw, Buffer.alloc(60_000))
    }
  },
  'more than a window': {
    run: async (raw) => {
      await raw.send(opening(1, PING))
      await raw.send(dataFrame(1, Buffer.alloc(256 * 1024 + 1)))
      await raw.ended
    }
  },
  'pings of yamux whose answers it does not take': {
    run: async (raw) => {
      raw.secured.pause()
      await floodToTheEnd(raw, repeated(yamuxHeader(FRAME.ping, FLAG.syn, 0, 7), 5000))
    }
  },
  'pings of libp2p whose answers it does not take': {
    run: async (raw) => {
      await raw.send(opening(1, PING))
      raw.secured.pause()
      await flood(raw, dataFrame(1, Buffer.alloc(60_000)))
    }
  },
  'questions whose answers it does not take': {
    run: async (raw) => {
      await raw.send(opening(1, RENDEZVOUS_PROTOCOL))
      raw.secured.pause()
      const ask = framed(encodeMessage({ type: 'discover', ns: 'kitchen' }))
      await flood(raw, dataFrame(1, repeated(ask, 1000)))
    },
    limit: 'offences-per-peer'
  },
  'a length that never ends, where a protocol belongs': {
    run: async (raw) => {
      await raw.send(yamuxHeader(FRAME.windowUpdate, FLAG.syn, 1, 0))
      await flood(raw, dataFrame(1, Buffer.alloc(60_000, 0xff)))
    }
  },
  'a length that never ends, in what it does not speak': {
    run: async (raw) => {
      await raw.send(opening(1, FOREIGN))
      await flood(raw, dataFrame(1, Buffer.alloc(60_000, 0xff)))
    }
  }
}

/** Each is the end of a connection, or of nothing. */
const ODD_FRAMES: Record<string, Uint8Array> = {
  'another version': Uint8Array.of(1, ...yamuxHeader(FRAME.ping, FLAG.syn, 0, 0).subarray(1)),
  'a type that does not exist': yamuxHeader(9, FLAG.syn, 1, 0),
  'data on the session itself': yamuxHeader(FRAME.data, FLAG.none, 0, 0),
  'an answer to no ping': yamuxHeader(FRAME.ping, FLAG.ack, 0, 7),
  'a stream with an id of ours': yamuxHeader(FRAME.windowUpdate, FLAG.syn, 2, 0),
  'data of a stream that there is not': dataFrame(99, Buffer.alloc(100)),
  'the end of a stream that there is not': yamuxHeader(FRAME.windowUpdate, FLAG.fin, 99, 0),
  'all flags at once': yamuxHeader(FRAME.windowUpdate, 0xff_ff, 1, 0),
  'windows beyond all measure': repeated(
    yamuxHeader(FRAME.windowUpdate, FLAG.syn, 1, 0xff_ff_ff_ff),
    50
  ),
  'a farewell, and streams behind it': Buffer.concat([
    yamuxHeader(FRAME.goAway, FLAG.none, 0, 0),
    opening(1, HOP_PROTOCOL, framed(encodeHop({ type: 'RESERVE' })))
  ]),
  'an angry farewell': yamuxHeader(FRAME.goAway, FLAG.none, 0, 2),
  'random bytes': randomBytes(5000),
  'random frames': Buffer.concat(
    Array.from({ length: 500 }, () =>
      yamuxHeader(
        Math.trunc(Math.random() * 4),
        Math.trunc(Math.random() * 16),
        Math.trunc(Math.random() * 9),
        0
      )
    )
  )
}

it(
  'a relay goes on while a peer sends frames that it should not',
  { skip: NO_SECOND_HOST },
  async (t) => {
    const relay = await RelayProcess.start(t, { limits: { 'hop-seconds': 1 } })
    await endureEach(t, relay, ATTACKS)
    await t.test('with frames that make no sense', async () => {
      await endures(relay, async () => {
        for (const bytes of Object.values(ODD_FRAMES)) {
          await using raw = await rawConnection(relay.address, { from: HOSTILE_HOST })
          await raw.send(bytes)
          await raw.seen()
        }
      })
    })
  }
)

// What a peer that has shaken hands may do to a relay with frames and streams, none of which is a proper request.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { it } from 'node:test'
import type { LimitName } from '../../relay/limits.ts'
import { encodeHop, HOP_PROTOCOL } from '../../shared/wire/circuit.ts'
import { encodeMessage, RENDEZVOUS_PROTOCOL } from '../../shared/wire/rendezvous.ts'
import {
  dataFrame,
  FLAG,
  FRAME,
  opening,
  rawConnection,
  yamuxHeader,
  type RawConnection
} from '../support/raw-yamux.ts'
import { RelayProcess } from '../support/relay-process.ts'
import { endures, NO_SECOND_HOST } from '../support/siege.ts'

const LIMITS = { 'hop-seconds': 1, 'waiting-streams-per-host': 200 }
const PING = '/ipfs/ping/1.0.0'
const PUSH = '/ipfs/id/push/1.0.0'
/** More than any queue on the way holds, were the relay to take it in. */
const FLOOD_BYTES = 40_000_000

/** Ids of the streams of whoever dialled. */
const ids = (count: number, first = 0): number[] =>
  Array.from({ length: count }, (_, n) => 2 * (first + n) + 1)

const framed = (message: Uint8Array): Buffer =>
  Buffer.concat([Uint8Array.of(message.byteLength), message])

/** Sends the same again and again until it is too much, or the relay has ended the connection. */
async function flood(raw: RawConnection, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < FLOOD_BYTES && raw.open; sent += bytes.byteLength) {
    await raw.send(bytes)
  }
}

/** Ends with the connection, which the relay ends. */
async function floodToTheEnd(raw: RawConnection, bytes: Uint8Array): Promise<void> {
  await flood(raw, bytes)
  await raw.ended
}

/** One stream after the other until the relay has had enough. */
async function streamsToTheEnd(
  raw: RawConnection,
  stream: (id: number) => Uint8Array,
  { first = 0, atOnce = 50 } = {}
): Promise<void> {
  for (let next = first; raw.open; next += atOnce) {
    assert.ok(next < 5000, 'nobody has stopped it')
    await raw.send(Buffer.concat(ids(atOnce, next).map(stream)))
    await raw.seen()
  }
}

const repeated = (bytes: Uint8Array, count: number): Buffer =>
  Buffer.concat(Array.from({ length: count }, () => bytes))

interface Attack {
  /** On a connection of its own. */
  run: (raw: RawConnection) => Promise<void>
  /** Of which the operator is told. */
  limit?: LimitName
}

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
  'streams that it resets at once': {
    run: async (raw) =>
      streamsToTheEnd(raw, (id) =>
        Buffer.concat([
          yamuxHeader(FRAME.windowUpdate, FLAG.syn, id, 0),
          yamuxHeader(FRAME.windowUpdate, FLAG.rst, id, 0)
        ])
      ),
    limit: 'stream-rate-per-peer'
  },
  'streams that never say what they are for': {
    run: async (raw) => {
      const silent = ids(1000).map((id) => yamuxHeader(FRAME.windowUpdate, FLAG.syn, id, 0))
      await raw.send(Buffer.concat(silent))
      await raw.seen()
    },
    limit: 'waiting-streams-per-host'
  },
  'streams of HOP that never ask for anything': {
    run: async (raw) => {
      await raw.send(Buffer.concat(ids(250).map((id) => opening(id, HOP_PROTOCOL))))
      await raw.ended
    },
    limit: 'offences-per-peer'
  },
  'a request of HOP byte by byte': {
    run: async (raw) => {
      const request = [...framed(encodeHop({ type: 'RESERVE' }))]
      await raw.send(opening(1, HOP_PROTOCOL))
      for (const byte of request.slice(0, -1)) {
        await raw.send(dataFrame(1, Uint8Array.of(byte)))
        await new Promise((resolve) => setTimeout(resolve, 200))
      }
    }
  },
  'a length that never ends, where a protocol belongs': {
    run: async (raw) => {
      await raw.send(yamuxHeader(FRAME.windowUpdate, FLAG.syn, 1, 0))
      await flood(raw, dataFrame(1, Buffer.alloc(60_000, 0xff)))
    }
  },
  'a length that never ends, in an introduction': {
    run: async (raw) => {
      await raw.send(opening(1, PUSH))
      await flood(raw, dataFrame(1, Buffer.alloc(60_000, 0xff)))
    }
  },
  'streams with garbage for protocols': {
    run: async (raw) =>
      streamsToTheEnd(raw, (id) => dataFrame(id, Uint8Array.of(2, 0xff, 0x0a), FLAG.syn)),
    limit: 'stream-rate-per-peer'
  },
  'garbage on HOP, for ever': {
    run: async (raw) =>
      streamsToTheEnd(raw, (id) => opening(id, HOP_PROTOCOL, framed(randomBytes(50)))),
    limit: 'offences-per-peer'
  },
  'oversize frames on HOP, for ever': {
    run: async (raw) =>
      streamsToTheEnd(raw, (id) => opening(id, HOP_PROTOCOL, Uint8Array.of(0x81, 0x20, 1, 2))),
    limit: 'offences-per-peer'
  },
  'garbage on rendezvous, for ever': {
    run: async (raw) =>
      streamsToTheEnd(raw, (id) => opening(id, RENDEZVOUS_PROTOCOL, framed(randomBytes(50)))),
    limit: 'offences-per-peer'
  },
  'oversize frames on rendezvous, for ever': {
    run: async (raw) =>
      streamsToTheEnd(raw, (id) =>
        opening(id, RENDEZVOUS_PROTOCOL, Uint8Array.of(0xff, 0xff, 0x7f, 1))
      ),
    limit: 'offences-per-peer'
  },
  'farewells to rooms, faster than it may': {
    run: async (raw) => {
      await raw.send(opening(1, RENDEZVOUS_PROTOCOL))
      const leave = framed(encodeMessage({ type: 'unregister', ns: 'kitchen' }))
      await raw.send(dataFrame(1, repeated(leave, 1000)))
      const again = (id: number): Buffer => opening(id, RENDEZVOUS_PROTOCOL, leave)
      await streamsToTheEnd(raw, again, { first: 1, atOnce: 5 })
    },
    limit: 'offences-per-peer'
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

it('a relay goes on while a peer misbehaves', { skip: NO_SECOND_HOST }, async (t) => {
  const relay = await RelayProcess.start(t, { limits: LIMITS })
  // One after the other from hosts of their own: what a limit refuses is told once in ten seconds for each.
  let host = 2
  const connect = async (): Promise<RawConnection> =>
    rawConnection(relay.address, { from: `127.0.0.${host}` })

  for (const [what, { run, limit }] of Object.entries(ATTACKS)) {
    host++
    await t.test(`with ${what}`, async () => {
      const told = relay.log.events.length
      await endures(relay, async () => {
        await using raw = await connect()
        await run(raw)
      })
      if (limit === undefined) return
      const events = relay.log.events.slice(told)
      assert.ok(events.some((event) => 'limit' in event && event.limit === limit))
    })
  }

  await t.test('with frames that make no sense', async () => {
    await endures(relay, async () => {
      for (const bytes of Object.values(ODD_FRAMES)) {
        await using raw = await connect()
        await raw.send(bytes)
        await raw.seen()
      }
    })
  })
})

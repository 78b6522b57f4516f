// What a peer that has shaken hands may do to a relay with streams: too many, mute, and with requests that are none.
import { randomBytes } from 'node:crypto'
import { it } from 'node:test'
import { setInterval as every } from 'node:timers/promises'
import { encodeHop, HOP_PROTOCOL } from '../../shared/wire/circuit.ts'
import { encodeMessage, RENDEZVOUS_PROTOCOL } from '../../shared/wire/rendezvous.ts'
import { dataFrame, FLAG, FRAME, opening, yamuxHeader } from '../support/raw-yamux.ts'
import { RelayProcess } from '../support/relay-process.ts'
import {
  type Attack,
  endureEach,
  framed,
  ids,
  repeated,
  streamsToTheEnd
} from '../support/siege-by-hand.ts'
import { NO_SECOND_HOST } from '../support/siege.ts'

const LIMITS = { 'hop-seconds': 1, 'waiting-streams-per-host': 200 }

const ATTACKS: Record<string, Attack> = {
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
      const peer = { id: randomBytes(38), addresses: [] }
      await raw.send(opening(1, HOP_PROTOCOL))
      let sent = 0
      for await (const request of every(50, framed(encodeHop({ type: 'CONNECT', peer })))) {
        // Past its time, and long before its end.
        if (sent * 50 > 1.5 * LIMITS['hop-seconds'] * 1000) return
        await raw.send(dataFrame(1, request.subarray(sent, ++sent)))
      }
    },
    limit: 'hop-seconds'
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

it(
  'a relay goes on while a peer opens streams that it does not need',
  { skip: NO_SECOND_HOST },
  async (t) => {
    const relay = await RelayProcess.start(t, { limits: LIMITS })
    await endureEach(t, relay, ATTACKS)
  }
)

// Connections to a relay that come to nothing: by the thousand, half-open, drop by drop, and with garbage on them.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { it } from 'node:test'
import type { Socket } from 'node:net'
import { DEFAULT_LIMITS } from '../../relay/limits.ts'
import { proposal } from '../../shared/transport/multistream-answer.ts'
import { closed, drip, rawSocket } from '../support/raw-socket.ts'
import { FLAG, FRAME, rawConnection, yamuxHeader } from '../support/raw-yamux.ts'
import { RelayProcess } from '../support/relay-process.ts'
import { eventually } from '../support/eventually.ts'
import { endures, HOSTILE_HOST, NO_SECOND_HOST } from '../support/siege.ts'

/** Handshakes end soon, and nobody is refused for coming often: what is to be seen is what those cost that come in. */
const LIMITS = { 'handshake-seconds': 1, 'connection-rate-per-host': 100_000 }
const from = HOSTILE_HOST

const NOISE = proposal('/noise')
/** Two bytes of length, and an ephemeral key. */
const FIRST_NOISE_MESSAGE = Buffer.concat([Uint8Array.of(0, 32), randomBytes(32)])

/** So many connections at once that have sent these bytes and no more; resolves when the relay has ended them all. */
async function wave(relay: RelayProcess, count: number, bytes: Uint8Array): Promise<void> {
  const sockets = await Promise.all(
    Array.from({ length: count }, async () => rawSocket(relay.address, { from }))
  )
  for (const socket of sockets) if (socket.writable) socket.write(bytes)
  await Promise.all(sockets.map(closed))
}

/** What is sent before a handshake comes to a stop. */
const HALF_WAY: Record<string, Uint8Array> = {
  'inside a line of multistream': NOISE.subarray(0, 9),
  'before the first message of Noise': NOISE,
  'inside a message of Noise': Buffer.concat([NOISE, Uint8Array.of(0, 32, 1, 2, 3)]),
  'before the last message of Noise': Buffer.concat([NOISE, FIRST_NOISE_MESSAGE]),
  'inside the largest message of Noise': Buffer.concat([
    NOISE,
    FIRST_NOISE_MESSAGE,
    Uint8Array.of(0xff, 0xff),
    randomBytes(65_000)
  ])
}

/** None of it is waited for: it ends at once, and not at the deadline of a handshake. */
const GARBAGE: Record<string, Uint8Array> = {
  'nothing but noughts': Buffer.alloc(5000),
  'random bytes': Buffer.concat([Uint8Array.of(1), randomBytes(5000)]),
  'a request of HTTP': Buffer.from(`GET / HTTP/1.1\r\nHost: relay\r\nX: ${'x'.repeat(99)}\r\n\r\n`),
  'a hello of TLS': Buffer.concat([Uint8Array.of(0x16, 3, 1, 2, 0), randomBytes(512)]),
  'a line of 16 kB': Buffer.concat([Uint8Array.of(0x80, 0x80, 1), Buffer.alloc(99)]),
  'a length that never ends': Buffer.alloc(60_000, 0xff),
  'a length that never ends, behind a proper line': Buffer.concat([
    NOISE.subarray(0, 20),
    Buffer.alloc(60_000, 0xff)
  ]),
  'a thousand protocols': Buffer.concat(Array.from({ length: 1000 }, () => proposal('/none'))),
  'a line that does not end in a newline': Buffer.from('\u0003abc'),
  'a message of Noise that is none': Buffer.concat([
    NOISE,
    FIRST_NOISE_MESSAGE,
    Uint8Array.of(0, 99),
    randomBytes(99)
  ])
}

async function sendGarbage(relay: RelayProcess): Promise<void> {
  for (const [what, bytes] of Object.entries(GARBAGE)) {
    const startedMs = performance.now()
    await wave(relay, 10, bytes)
    const tookMs = performance.now() - startedMs
    assert.ok(tookMs < LIMITS['handshake-seconds'] * 1000, `${what}: ${tookMs} ms`)
  }
}

it('a relay goes on while connections come to nothing', { skip: NO_SECOND_HOST }, async (t) => {
  const relay = await RelayProcess.start(t, { limits: LIMITS })

  await t.test('two thousand that never say a word', async () => {
    await endures(relay, async () => {
      const held: Socket[] = []
      for (let waves = 0; waves < 10; waves++) {
        const sockets = await Promise.all(
          Array.from({ length: 200 }, async () => rawSocket(relay.address, { from }))
        )
        held.push(...sockets)
        // More at once than the system holds for a busy relay would not reach it.
        await eventually(
          () => held.filter((socket) => !socket.closed).length,
          (open) => open <= DEFAULT_LIMITS['handshakes-per-host']
        )
      }
      await Promise.all(held.map(closed))
    })
    const limits = relay.log.events.map((event) => 'limit' in event && event.limit)
    assert.ok(limits.includes('handshakes-per-host'), 'most were turned away at once')
    assert.ok(limits.includes('handshake-seconds'), 'the others at the deadline')
  })

  await t.test('handshakes that stop half-way', async () => {
    await endures(relay, async () => {
      await Promise.all(Object.values(HALF_WAY).map(async (bytes) => wave(relay, 12, bytes)))
    })
  })

  await t.test('handshakes that come byte by byte', async () => {
    await endures(relay, async () => {
      const startedMs = performance.now()
      const one = async (): Promise<void> => {
        const socket = await rawSocket(relay.address, { from })
        await Promise.all([drip(socket, NOISE, 100), closed(socket)])
      }
      await Promise.all(Array.from({ length: 30 }, one))
      assert.ok(performance.now() - startedMs < 100 * NOISE.byteLength, 'they were not waited for')
    })
  })

  await t.test('garbage', async () => {
    await endures(relay, async () => sendGarbage(relay))
  })

  await t.test('connections that end in the middle of everything', async () => {
    await endures(relay, async () => {
      const half = Buffer.concat([NOISE, FIRST_NOISE_MESSAGE])
      const hangUp = async (cut: number): Promise<Socket> => {
        const socket = await rawSocket(relay.address, { from })
        if (socket.writable) socket.write(half.subarray(0, cut))
        return cut % 2 === 0 ? socket.destroy() : socket.resetAndDestroy()
      }
      for (let cut = 0; cut <= half.byteLength; cut++) await hangUp(cut)
    })
  })

  await t.test('handshakes that are over, and half a frame behind them', async () => {
    await endures(relay, async () => {
      const half = yamuxHeader(FRAME.windowUpdate, FLAG.syn, 1, 0).subarray(0, 7)
      const guests = await Promise.all(
        Array.from({ length: 20 }, async () => rawConnection(relay.address, { from }))
      )
      await Promise.all(guests.map(async (each) => each.send(half)))
      for (const each of guests) await each[Symbol.asyncDispose]()
    })
  })
})

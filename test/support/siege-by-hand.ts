// Attacks on a relay by a peer that has shaken hands and speaks yamux by hand.
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { LimitName } from '../../relay/limits.ts'
import { rawConnection, type RawConnection } from './raw-yamux.ts'
import type { RelayProcess } from './relay-process.ts'
import { endures } from './siege.ts'

/** More than any queue on the way holds, were the relay to take it in. */
const FLOOD_BYTES = 40_000_000

/** Ids of the streams of whoever dialled. */
export const ids = (count: number, first = 0): number[] =>
  Array.from({ length: count }, (_, n) => 2 * (first + n) + 1)

export const framed = (message: Uint8Array): Buffer =>
  Buffer.concat([Uint8Array.of(message.byteLength), message])

/** Sends the same again and again until it is too much, or the relay has ended the connection. */
export async function flood(raw: RawConnection, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < FLOOD_BYTES && raw.open; sent += bytes.byteLength) {
    await raw.send(bytes)
  }
}

/** Ends with the connection, which the relay ends before it has taken everything in. */
export async function floodToTheEnd(raw: RawConnection, bytes: Uint8Array): Promise<void> {
  await flood(raw, bytes)
  assert.ok(!raw.open, 'all of it was taken in')
}

/** One stream after the other until the relay has had enough. */
export async function streamsToTheEnd(
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

export const repeated = (bytes: Uint8Array, count: number): Buffer =>
  Buffer.concat(Array.from({ length: count }, () => bytes))

export interface Attack {
  /** On a connection of its own. */
  run: (raw: RawConnection) => Promise<void>
  /** Of which the operator is told. */
  limit?: LimitName
}

/** One after the other from hosts of their own: what a limit refuses is told once in ten seconds for each. */
export async function endureEach(
  test: TestContext,
  relay: RelayProcess,
  attacks: Record<string, Attack>
): Promise<void> {
  let host = 2
  for (const [what, { run, limit }] of Object.entries(attacks)) {
    const from = `127.0.0.${++host}`
    await test.test(`with ${what}`, async () => {
      const told = relay.log.events.length
      await endures(relay, async () => {
        await using raw = await rawConnection(relay.address, { from })
        await run(raw)
      })
      if (limit === undefined) return
      const events = relay.log.events.slice(told)
      assert.ok(events.some((event) => 'limit' in event && event.limit === limit))
    })
  }
}

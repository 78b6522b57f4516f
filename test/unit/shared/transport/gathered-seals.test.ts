// What is sent over Noise within one turn of the program: when it goes, and what becomes of it when the connection ends.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import type { MessageStream } from '@libp2p/interface'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { Uint8ArrayList } from 'uint8arraylist'
import { gatherSeals, sendNow } from '../../../../shared/transport/gathered-seals.ts'
import {
  closed,
  collect,
  noiseSide,
  passes,
  secure,
  secureOver,
  tamper
} from '../../../support/noise-pair.ts'

const turn = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

async function connected(): Promise<Awaited<ReturnType<typeof secure>> & { writes: () => number }> {
  const pair = await secure(await noiseSide(), await noiseSide())
  let writes = 0
  tamper(pair.carriers[0], (sent) => {
    writes++
    return [sent]
  })
  return { ...pair, writes: () => writes }
}

describe('what is sent over Noise in one turn', () => {
  it('goes together, in order, when the turn ends', async () => {
    const { near, far, writes } = await connected()
    const received = collect(far)
    near.send(Buffer.from('a'))
    await Promise.resolve()
    near.send(new Uint8ArrayList(Buffer.from('b'), Buffer.from('c')))
    assert.equal(writes(), 0)
    await turn()
    assert.equal(writes(), 1)
    near.send(Buffer.from('d'))
    await passes(far, near, Buffer.from('back'))
    await near.close()
    await closed(far)
    assert.equal(writes(), 2)
    assert.equal(received.bytes().toString(), 'abcd')
  })

  it('goes at once when it fills a frame', async () => {
    const { near, writes } = await connected()
    near.send(randomBytes(65_000))
    assert.equal(writes(), 0)
    near.send(randomBytes(519))
    assert.equal(writes(), 1)
  })

  it('goes before the turn ends when it is to be sent now', async () => {
    const { near, writes } = await connected()
    near.send(Buffer.from('a'))
    assert.equal(sendNow({ muxer: { maConn: near } }), true)
    assert.equal(writes(), 1)
    await turn()
    assert.equal(writes(), 1)
    assert.equal(sendNow({}), false)
  })

  it('goes in small packets as long as the connection is young', async () => {
    const { near, writes } = await connected()
    const burst = (): void => {
      for (let n = 0; n < 6; n += 1) near.send(randomBytes(500))
    }
    burst()
    assert.equal(writes(), 2)
    await turn()
    assert.equal(writes(), 3)
    near.send(randomBytes(16_384))
    await turn()
    assert.equal(writes(), 4)
    burst()
    assert.equal(writes(), 4)
    await turn()
    assert.equal(writes(), 5)
  })

  it('goes before the connection is closed, from above and from below', async () => {
    for (const below of [false, true]) {
      const { near, far, carriers } = await connected()
      const received = collect(far)
      near.send(Buffer.from('last'))
      await (below ? carriers[0] : near).close()
      assert.equal(await closed(far), undefined)
      assert.equal(received.bytes().toString(), 'last')
    }
  })

  it('does not go when the connection is aborted, and nothing is thrown', async () => {
    for (const below of [false, true]) {
      const { near, carriers, writes } = await connected()
      near.send(Buffer.from('never'))
      ;(below ? carriers[0] : near).abort(new Error('enough'))
      await turn()
      assert.equal(writes(), 0)
      assert.equal(near.status, 'aborted')
      assert.throws(() => near.send(Buffer.from('too late')))
    }
  })

  it('does not go when the other side has gone', async () => {
    const { near, far, writes } = await connected()
    far.abort(new Error('enough'))
    await closed(near)
    await turn()
    assert.equal(writes(), 0)
    assert.equal(near.status, 'reset')
  })

  it('ends the connection when it cannot be sealed', async () => {
    const { near, far } = await connected()
    const failing: unknown = near
    assert.ok(failing !== null && typeof failing === 'object')
    Object.assign(failing, {
      encrypt: () => {
        throw new Error('the counter has run out')
      }
    })
    near.send(Buffer.from('one too many'))
    const error = await closed(near)
    assert.match(String(error), /the counter has run out/)
    assert.ok((await closed(far)) instanceof Error)
  })

  it('does not change what it was given, and nothing changes what it has taken', async () => {
    const { near, far } = await connected()
    const sent = randomBytes(1000)
    const before = Buffer.from(sent)
    await passes(near, far, sent)
    assert.ok(sent.equals(before))
  })
})

describe('a full connection under Noise', () => {
  it('is told to whoever sends, and all arrives in order when there is room again', async () => {
    const carriers = multiaddrConnectionPair({ delay: 0, capacity: 2 })
    const { near, far } = await secureOver(carriers, [await noiseSide(), await noiseSide()])
    const received = collect(far)
    const pieces = Array.from({ length: 40 }, (_, n) => Buffer.alloc(20_000, n))
    let full = 0
    for (const piece of pieces) {
      if (near.send(piece)) continue
      full++
      await once(near, 'drain', { signal: AbortSignal.timeout(5000) })
    }
    assert.ok(full > 0, 'it was never full')
    await passes(far, near, Buffer.from('x'))
    await near.close({ signal: AbortSignal.timeout(5000) })
    await closed(far)
    assert.ok(received.bytes().equals(Buffer.concat(pieces)))
  })

  it('is told with the next message when the turn had ended', async () => {
    const { near, carriers } = await connected()
    const full: MessageStream & { writableNeedsDrain: boolean } = carriers[0]
    near.send(Buffer.from('there was room'))
    full.writableNeedsDrain = true
    await turn()
    assert.equal(near.send(Buffer.from('and now there is none')), false)
    assert.equal(near.writeBufferLength, 21)
    carriers[0].dispatchEvent(new Event('drain'))
    await turn()
    assert.equal(near.writeBufferLength, 0)
  })
})

it('a connection that is none of the library is refused', () => {
  const [connection] = multiaddrConnectionPair()
  assert.throws(() => gatherSeals(connection), /no connection of the Noise library/)
})

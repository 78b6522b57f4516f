// Bytes that come one by one to a stream whose reader waits, over a real muxer and no network.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Stream } from '@libp2p/interface'
import { byteStream } from '@libp2p/utils'
import { isUint8ArrayList, Uint8ArrayList } from 'uint8arraylist'
import { keepPacked, Packing } from '../../../../shared/transport/packing.ts'
import { yamuxPair } from '../../../support/yamux-pair.ts'

const COUNT = 5000
const patience = (): AbortSignal => AbortSignal.timeout(10_000)

/** What a stream or a reader keeps; each piece for itself, unless somebody packs them. */
function kept(keeper: object): Uint8ArrayList {
  const list = 'readBuffer' in keeper ? keeper.readBuffer : undefined
  assert.ok(isUint8ArrayList(list))
  return list
}

async function dribble(stream: Stream): Promise<void> {
  for (let n = 0; n < COUNT; n++) {
    stream.send(Uint8Array.of(n % 251))
    if (n % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
}

async function arrived(list: Uint8ArrayList): Promise<void> {
  const late = patience()
  while (list.byteLength < COUNT) {
    late.throwIfAborted()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const EXPECTED = Buffer.from(Array.from({ length: COUNT }, (_, n) => n % 251))

async function assertPacked(list: Uint8ArrayList): Promise<void> {
  await arrived(list)
  const pieces = [...list].length
  assert.ok(pieces <= 256, `${pieces} pieces`)
}

describe('what waits for its reader', () => {
  it('in a paused stream is kept in few pieces, and comes as it was sent', async () => {
    const { near, far } = await yamuxPair()
    keepPacked(far)
    far.pause()
    await dribble(near)
    await assertPacked(kept(far))
    const reader = byteStream(far)
    far.resume()
    const read = await reader.read({ bytes: COUNT, signal: patience() })
    assert.deepEqual(Buffer.from(read.subarray()), EXPECTED)
  })

  it('in a reader of bytes is kept in few pieces, and comes as it was sent', async () => {
    const { near, far } = await yamuxPair()
    const reader = byteStream(far)
    keepPacked(far, reader)
    await dribble(near)
    await assertPacked(kept(reader))
    const read = await reader.read({ bytes: COUNT, signal: patience() })
    assert.deepEqual(Buffer.from(read.subarray()), EXPECTED)
  })

  it('is left as it is while it does not wait', () => {
    const list = new Uint8ArrayList()
    const packing = new Packing(list)
    const large = new Uint8Array(1000)
    for (let n = 0; n < 1000; n++) {
      list.append(large)
      packing.added(large)
      assert.equal(list.subarray(), large)
      list.consume(1000)
      packing.added(large)
    }
  })
})

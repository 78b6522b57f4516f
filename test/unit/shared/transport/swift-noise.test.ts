// Handshakes and data between our Noise and the library's, in each role.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { noise } from '@chainsafe/libp2p-noise'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { noiseCrypto } from '../../../../shared/transport/noise-crypto.ts'
import { swiftNoise } from '../../../../shared/transport/swift-noise.ts'
import {
  closed,
  collect,
  noiseSide,
  passes,
  secure,
  secureOver,
  tamper,
  type NoiseFactory
} from '../../../support/noise-pair.ts'

const [ours, stock]: [NoiseFactory, NoiseFactory] = [swiftNoise(), noise()]
const MAX_PLAIN_BYTES = 65_519

/** Lengths of the frames that were written. */
function framesOf(written: Buffer): number[] {
  const lengths: number[] = []
  for (let at = 0; at < written.byteLength; at += 2 + (lengths.at(-1) ?? 0)) {
    lengths.push(written.readUInt16BE(at))
  }
  return lengths
}

describe('Noise made swift', () => {
  for (const [name, dials, listens] of [
    ['ours dials the library', ours, stock],
    ['the library dials ours', stock, ours],
    ['ours dials ours', ours, ours]
  ] as const) {
    it(`agrees with who is there, and passes bytes both ways: ${name}`, async () => {
      const [a, b] = [await noiseSide(dials), await noiseSide(listens)]
      const { near, far, peers } = await secure(a, b)
      assert.ok(peers[0]?.equals(b.id))
      assert.ok(peers[1]?.equals(a.id))
      for (const bytes of [1, 16, MAX_PLAIN_BYTES, MAX_PLAIN_BYTES + 1, 200_000]) {
        await passes(near, far, randomBytes(bytes))
        await passes(far, near, randomBytes(bytes))
      }
    })

    it(`takes frames in whatever pieces they come: ${name}`, async () => {
      const [a, b] = [await noiseSide(dials), await noiseSide(listens)]
      const { near, far, carriers } = await secure(a, b)
      for (const carrier of carriers) {
        tamper(carrier, (sent) =>
          Array.from(sent.subarray(0, 200), (_, at) => sent.subarray(at, at + 1)).concat(
            sent.subarray(200)
          )
        )
      }
      await passes(near, far, randomBytes(1000))
      await passes(far, near, randomBytes(70_000))
    })
  }

  for (const dials of [ours, stock]) {
    it(`loses nothing that comes in one piece with the end of the handshake, from ${dials === ours ? 'ours' : 'the library'}`, async () => {
      const [a, b] = [await noiseSide(dials), await noiseSide(ours)]
      const carriers = multiaddrConnectionPair({ delay: 0 })
      // The second write of the dialler ends the handshake: it is held back until half a frame is behind it.
      let writes = 0
      let held: Buffer[] = []
      tamper(carriers[0], (sent) => {
        writes++
        if (writes === 1) return [sent]
        held.push(sent)
        return []
      })
      const deliver = (bytes: Buffer): boolean => {
        held = []
        writes = 0
        return carriers[0].send(bytes)
      }
      const signal = AbortSignal.timeout(5000)
      const secured = b.encrypter.secureInbound(carriers[1], { signal })
      const { connection: near } = await a.encrypter.secureOutbound(carriers[0], { signal })
      near.send(Buffer.from('at once'))
      await new Promise((resolve) => setImmediate(resolve))
      const all = Buffer.concat(held)
      deliver(all.subarray(0, -9))
      const { connection: far } = await secured
      deliver(all.subarray(-9))
      const arrived = Promise.withResolvers<string>()
      far.addEventListener('message', ({ data }) => {
        arrived.resolve(Buffer.from(data.subarray()).toString())
      })
      assert.equal(await arrived.promise, 'at once')
    })
  }

  it('refuses somebody else than was dialled', async () => {
    const [a, b, c] = [await noiseSide(ours), await noiseSide(ours), await noiseSide(ours)]
    await assert.rejects(secure(a, b, c.id))
  })

  it('writes frames of 65,535 bytes at most, and what is sent in one turn as one', async () => {
    const { near, far, carriers } = await secure(await noiseSide(), await noiseSide())
    const written: Buffer[] = []
    tamper(carriers[0], (sent) => {
      written.push(sent)
      return [sent]
    })
    await passes(near, far, randomBytes(MAX_PLAIN_BYTES * 2 + 1))
    assert.deepEqual(framesOf(Buffer.concat(written)), [65_535, 65_535, 17])
    written.length = 0
    const received = collect(far)
    for (const text of ['a', 'b', 'c']) near.send(Buffer.from(text))
    await passes(far, near, Buffer.from('back'))
    await near.close()
    await closed(far)
    assert.deepEqual(framesOf(Buffer.concat(written)), [19])
    assert.equal(received.bytes().toString(), 'abc')
  })

  it('seals with a number of its own for each frame, as Noise writes them, and a key for each direction', async (t) => {
    const seen: Array<{ key: string; nonce: string }> = []
    const seal = noiseCrypto.chaCha20Poly1305Encrypt.bind(noiseCrypto)
    t.mock.method(
      noiseCrypto,
      'chaCha20Poly1305Encrypt',
      (...args: Parameters<typeof seal>): ReturnType<typeof seal> => {
        const [, nonce, , key] = args
        seen.push({
          key: Buffer.from(key).toString('hex'),
          nonce: Buffer.from(nonce).toString('hex')
        })
        return seal(...args)
      }
    )
    const [a, b] = [await noiseSide(), await noiseSide()]
    const pair = await secureOver(multiaddrConnectionPair({ delay: 0 }), [a, b])
    seen.length = 0
    for (let n = 0; n < 300; n++) {
      await passes(pair.near, pair.far, Buffer.from([1]))
      if (n < 10) await passes(pair.far, pair.near, Buffer.from([2]))
    }
    assert.equal(new Set(seen.map(({ key }) => key)).size, 2)
    assert.equal(new Set(seen.map(({ key, nonce }) => `${key} ${nonce}`)).size, 310)
    const [first] = seen
    const nonces = seen.filter(({ key }) => key === first?.key).map(({ nonce }) => nonce)
    assert.equal(nonces[0], '000000000000000000000000')
    assert.equal(nonces[258], '000000000201000000000000')
  })
})

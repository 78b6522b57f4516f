// Frames of Noise as they are found in what arrives.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { array, assert as assertThat, integer, property } from 'fast-check'
import { Uint8ArrayList } from 'uint8arraylist'
import { NoiseFrames } from '../../../../shared/transport/noise-frames.ts'

const frame = (bytes: number, value: number): Buffer => {
  const made = Buffer.alloc(2 + bytes, value)
  made.writeUInt16BE(bytes)
  return made
}

const decoded = (frames: NoiseFrames, data: Uint8Array | Uint8ArrayList): Buffer[] =>
  [...frames.decode(data)].map((each) => Buffer.from(each.subarray()))

describe('frames of Noise', () => {
  it('are found whatever pieces they come in', () => {
    const sizes = array(integer({ min: 16, max: 700 }), { maxLength: 8 })
    const cuts = array(integer({ min: 0, max: 5000 }), { maxLength: 12 })
    assertThat(
      property(sizes, cuts, (bytes, places) => {
        const sent = bytes.map((each, n) => frame(each, n))
        const all = Buffer.concat(sent)
        const ends = [...places.filter((each) => each < all.byteLength), all.byteLength]
        const frames = new NoiseFrames()
        let at = 0
        const found = ends
          .toSorted((a, b) => a - b)
          .flatMap((end) => {
            const piece = all.subarray(at, end)
            at = end
            return decoded(frames, piece)
          })
        assert.deepEqual(
          found,
          sent.map((each) => each.subarray(2))
        )
      })
    )
  })

  it('are 65,535 bytes at most, and of those that begin with 0xff 0xff no byte is missing', () => {
    const frames = new NoiseFrames()
    const sent = frame(65_535, 7)
    assert.deepEqual(decoded(frames, sent.subarray(0, 40_000)), [])
    const [found] = decoded(frames, new Uint8ArrayList(sent.subarray(40_000), frame(16, 8)))
    assert.deepEqual(found, sent.subarray(2))
  })

  it('go on behind what another decoder was given', () => {
    const sent = frame(20, 1)
    const frames = new NoiseFrames(new Uint8ArrayList(sent.subarray(0, 1)))
    assert.deepEqual(decoded(frames, sent.subarray(1)), [sent.subarray(2)])
  })

  it('that are too short for a tag are an error, behind those that were before them', () => {
    for (const bytes of [0, 15]) {
      const frames = new NoiseFrames()
      const found = frames.decode(Buffer.concat([frame(16, 1), frame(bytes, 2)]))
      assert.equal(found.next().value?.byteLength, 16)
      assert.throws(() => found.next(), /shorter than its tag/)
    }
  })
})

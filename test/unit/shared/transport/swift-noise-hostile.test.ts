// What becomes of a connection whose frames somebody has changed, cut, repeated or turned round on the way.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import type { MessageStream } from '@libp2p/interface'
import { multiaddrConnectionPair } from '@libp2p/utils'
import {
  closed,
  collect,
  noiseSide,
  secure,
  tamper,
  type SecuredPair
} from '../../../support/noise-pair.ts'

const flip = (sent: Buffer, at: number): Buffer => {
  const changed = Buffer.from(sent)
  changed.writeUInt8(changed.readUInt8(at) ^ 0x10, at)
  return changed
}

/** One frame arrives, and then what `change` makes of a second one of 100 bytes. */
async function attacked(
  change: (second: Buffer, first: Buffer) => Buffer[]
): Promise<SecuredPair & { received: Buffer; error: Error | undefined }> {
  const pair = await secure(await noiseSide(), await noiseSide())
  const { near, far, carriers } = pair
  const received = collect(far)
  let first: Buffer | undefined
  tamper(carriers[0], (sent) => {
    if (first !== undefined) return change(sent, first)
    first = sent
    return [sent]
  })
  await send(near, far, Buffer.from('first'))
  near.send(randomBytes(100))
  // Frames behind the changed one, so that a length that was enlarged is reached.
  for (let n = 0; n < 3; n++) {
    await new Promise((resolve) => setImmediate(resolve))
    if (near.status === 'open') near.send(randomBytes(60_000))
  }
  const error = await closed(far)
  return { ...pair, received: received.bytes(), error }
}

async function send(near: MessageStream, far: MessageStream, data: Buffer): Promise<void> {
  const arrived = new Promise((resolve) => {
    far.addEventListener('message', resolve, { once: true })
  })
  near.send(data)
  await arrived
}

describe('a Noise connection whose frames are tampered with', () => {
  const FRAME = 2 + 100 + 16
  for (const [what, at] of [
    ['the high byte of the length', 0],
    ['the low byte of the length', 1],
    ['the first sealed byte', 2],
    ['a byte in the middle', 50],
    ['the last sealed byte', FRAME - 17],
    ['the first byte of the tag', FRAME - 16],
    ['the last byte of the tag', FRAME - 1]
  ] as const) {
    it(`ends with nothing of the frame handed out when ${what} was changed`, async () => {
      const { received, error, far } = await attacked((second) => [flip(second, at)])
      assert.ok(error instanceof Error)
      assert.equal(far.status, 'aborted')
      assert.equal(received.toString(), 'first')
    })
  }

  for (const [what, change] of [
    ['is repeated', (second: Buffer, first: Buffer) => [first, second]],
    ['comes without its tag', (second: Buffer) => [shortened(second, 16)]],
    ['is shorter than a tag', (second: Buffer) => [shortened(second, FRAME - 2 - 15)]],
    ['is empty', (second: Buffer) => [shortened(second, FRAME - 2)]]
  ] as const) {
    it(`ends when a frame ${what}`, async () => {
      const { received, error } = await attacked(change)
      assert.ok(error instanceof Error)
      assert.equal(received.toString(), 'first')
    })
  }

  it('ends when a frame is left out', async () => {
    let dropped = false
    const { received, error } = await attacked((sent) => {
      if (dropped) return [sent]
      dropped = true
      return []
    })
    assert.ok(error instanceof Error)
    assert.equal(received.toString(), 'first')
  })

  it('ends when two frames come in turned order', async () => {
    let held: Buffer | undefined
    const { received, error } = await attacked((sent) => {
      if (held !== undefined) return [sent, held]
      held = sent
      return []
    })
    assert.ok(error instanceof Error)
    assert.equal(received.toString(), 'first')
  })

  it('ends when its own frames come back to it', async () => {
    const { near, far, carriers } = await secure(await noiseSide(), await noiseSide())
    const received = collect(near)
    let echo: Buffer | undefined
    tamper(carriers[0], (sent) => {
      echo = sent
      return [sent]
    })
    await send(near, far, Buffer.from('hello'))
    tamper(carriers[1], () => [echo ?? Buffer.alloc(0)])
    far.send(Buffer.from('real'))
    assert.ok((await closed(near)) instanceof Error)
    assert.equal(received.bytes().byteLength, 0)
  })

  it('hands out nothing of a frame that never arrives whole', async () => {
    const { near, far, carriers } = await secure(await noiseSide(), await noiseSide())
    const received = collect(far)
    tamper(carriers[0], (sent) => [sent.subarray(0, -1)])
    near.send(randomBytes(100))
    await near.close()
    await closed(far)
    assert.equal(received.bytes().byteLength, 0)
  })

  for (const [what, at] of [
    ['the ephemeral key', 10],
    ['the static key', 2 + 32 + 10],
    ['the payload', 2 + 32 + 48 + 20]
  ] as const) {
    it(`is not made when ${what} of the answer was changed`, async () => {
      const carriers = multiaddrConnectionPair({ delay: 0 })
      const [a, b] = [await noiseSide(), await noiseSide()]
      tamper(carriers[1], (sent) => [flip(sent, at)])
      const signal = AbortSignal.timeout(5000)
      const answering = b.encrypter.secureInbound(carriers[1], { signal })
      await assert.rejects(a.encrypter.secureOutbound(carriers[0], { signal }))
      carriers[0].abort(new Error('the handshake has failed'))
      await assert.rejects(answering)
    })
  }
})

interface Counter {
  n: number
  getBytes(): Uint8Array
}

/** The counters of the library, which it does not export. */
async function counters(): Promise<{ Nonce: { prototype: Counter }; MAX_NONCE: number }> {
  const found: unknown = await import(
    new URL('nonce.js', import.meta.resolve('@chainsafe/libp2p-noise')).href
  )
  assert.ok(isCounters(found))
  return found
}

function isCounters(found: unknown): found is Awaited<ReturnType<typeof counters>> {
  return typeof found === 'object' && found !== null && 'Nonce' in found && 'MAX_NONCE' in found
}

function isCounter(found: unknown): found is Counter {
  return typeof found === 'object' && found !== null && 'n' in found
}

describe('a Noise connection whose counter has run out', () => {
  it('ends at both sides, and seals nothing under a number that was used', async (t) => {
    const { Nonce, MAX_NONCE } = await counters()
    const asked = t.mock.method(Nonce.prototype, 'getBytes')
    const { near, far, carriers } = await secure(await noiseSide(), await noiseSide())
    asked.mock.resetCalls()
    await send(near, far, Buffer.from('one number is taken'))
    const used = asked.mock.calls.map((call) => call.this).filter(isCounter)
    assert.equal(used.length, 2)
    for (const counter of used) counter.n = MAX_NONCE + 1
    let writes = 0
    tamper(carriers[0], (sent) => {
      writes++
      return [sent]
    })
    near.send(Buffer.from('one too many'))
    assert.match(String(await closed(near)), /reached maximum n/)
    assert.ok((await closed(far)) instanceof Error)
    assert.equal(writes, 0)
  })
})

/** The same frame with its last bytes cut off, and a length that says so. */
function shortened(frame: Buffer, bytes: number): Buffer {
  const cut = Buffer.from(frame.subarray(0, frame.byteLength - bytes))
  cut.writeUInt16BE(cut.byteLength - 2)
  return cut
}

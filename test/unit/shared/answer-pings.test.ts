// Pings over a real muxer and no network: answered one by one, and no further than the answers are taken.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it, type TestContext } from 'node:test'
import type { Connection, Stream } from '@libp2p/interface'
import { byteStream } from '@libp2p/utils'
import { answerPings, PING_BYTES, PING_PROTOCOL } from '../../../shared/answer-pings.ts'
import { yamuxPair } from '../../support/yamux-pair.ts'

const patience = (): AbortSignal => AbortSignal.timeout(5_000)

type Answer = (stream: Stream, connection: Connection) => unknown

/** A stream whose other end answers pings. */
async function pinging(t: TestContext): Promise<{ near: Stream; stop: () => Promise<void> }> {
  let answer: Answer | undefined
  const service = answerPings()({
    registrar: {
      handle: async (protocol, handler) => {
        assert.equal(protocol, PING_PROTOCOL)
        answer = handler
      },
      unhandle: async () => {}
    }
  })
  await service.start()
  t.after(async () => service.stop())
  const { near, far } = await yamuxPair()
  const connection: Partial<Connection> = {}
  Reflect.apply(answer ?? assert.fail(), undefined, [far, connection])
  return { near, stop: async () => service.stop() }
}

describe('pings', () => {
  it('come back as they went, one after the other', async (t) => {
    const { near } = await pinging(t)
    const bytes = byteStream(near)
    for (let n = 0; n < 5; n++) {
      const ping = Buffer.alloc(PING_BYTES, n)
      near.send(ping)
      const pong = await bytes.read({ bytes: PING_BYTES, signal: patience() })
      assert.deepEqual(Buffer.from(pong.subarray()), ping)
    }
  })

  it('that are cut in pieces are answered when they are whole', async (t) => {
    const { near } = await pinging(t)
    near.send(Buffer.alloc(20, 1))
    near.send(Buffer.alloc(44, 1))
    const pongs = await byteStream(near).read({ bytes: 2 * PING_BYTES, signal: patience() })
    assert.equal(pongs.byteLength, 64)
  })

  it('end when the one who pings does', async (t) => {
    const { near } = await pinging(t)
    near.send(Buffer.alloc(PING_BYTES))
    const closed = once(near, 'close', { signal: patience() })
    await near.close()
    await closed
    assert.equal(near.status, 'closed')
  })

  it('end when they come faster than their answers are taken', async (t) => {
    const { near } = await pinging(t)
    near.pause()
    const reset = once(near, 'close', { signal: patience() })
    for (let n = 0; n < 200 && near.status === 'open'; n++) near.send(Buffer.alloc(8192))
    await reset
    assert.equal(near.status, 'reset')
  })

  it('end when the node stops', async (t) => {
    const { near, stop } = await pinging(t)
    const reset = once(near, 'close', { signal: patience() })
    await stop()
    await reset
  })
})

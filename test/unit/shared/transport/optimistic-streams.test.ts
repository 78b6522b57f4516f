// Streams that begin before their protocol is agreed, over a real muxer and no network.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { yamux } from '@chainsafe/libp2p-yamux'
import type { Stream, StreamMuxer } from '@libp2p/interface'
import { byteStream, multiaddrConnectionPair } from '@libp2p/utils'
import { proposal } from '../../../../shared/transport/multistream-answer.ts'
import { optimisticStreams } from '../../../../shared/transport/optimistic-streams.ts'

const PROTOCOL = '/test/1.0.0'
const patience = (): AbortSignal => AbortSignal.timeout(5_000)

interface Muxers {
  near: StreamMuxer
  /** The next stream that the other side sees. */
  arrived: Promise<Stream>
}

function muxers(): Muxers {
  const [nearConnection, farConnection] = multiaddrConnectionPair({ delay: 0 })
  const near = optimisticStreams(yamux({ enableKeepAlive: false }))({}).createStreamMuxer(
    nearConnection
  )
  const far = yamux({ enableKeepAlive: false })().createStreamMuxer(farConnection)
  const arrived = Promise.withResolvers<Stream>()
  far.addEventListener('stream', ({ detail }) => arrived.resolve(detail), { once: true })
  return { near, arrived: arrived.promise }
}

async function openOptimistic(near: StreamMuxer): Promise<Stream> {
  const options = { protocol: PROTOCOL, optimistic: true }
  return near.createStream(options)
}

async function read(stream: Stream, bytes: number): Promise<string> {
  const got = await byteStream(stream).read({ bytes, signal: patience() })
  return Buffer.from(got.subarray()).toString()
}

describe('a stream that does not wait for its protocol to be agreed', () => {
  it('has its protocol from the start, and sends the proposal before the data', async () => {
    const { near, arrived } = muxers()
    const stream = await openOptimistic(near)
    assert.equal(stream.protocol, PROTOCOL)
    stream.send(Buffer.from('hello'))
    const expected = `${Buffer.from(proposal(PROTOCOL)).toString()}hello`
    assert.equal(await read(await arrived, expected.length), expected)
  })

  it('gives its reader what comes behind the answer', async () => {
    const { near, arrived } = muxers()
    const stream = await openOptimistic(near)
    const far = await arrived
    far.send(proposal(PROTOCOL).subarray(0, 7))
    far.send(Buffer.concat([proposal(PROTOCOL).subarray(7), Buffer.from('hel')]))
    far.send(Buffer.from('lo'))
    assert.equal(await read(stream, 5), 'hello')
  })

  it('ends at its reader when the protocol is refused', async () => {
    const { near, arrived } = muxers()
    const stream = await openOptimistic(near)
    const reading = assert.rejects(read(stream, 1), /does not speak \/test\/1\.0\.0/)
    const far = await arrived
    far.send(Buffer.concat([proposal(PROTOCOL).subarray(0, 20), Buffer.from('\u0003na\n')]))
    await reading
    assert.equal(stream.status, 'aborted')
  })

  it('is only opened when it is asked for', async () => {
    const { near, arrived } = muxers()
    const stream = await near.createStream({ protocol: PROTOCOL })
    stream.send(Buffer.from('hello'))
    assert.equal(await read(await arrived, 5), 'hello')
  })
})

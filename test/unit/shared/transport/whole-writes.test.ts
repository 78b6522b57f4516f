// What reaches the system of what a connection sends, and what becomes of it when the connection ends.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { Writable } from 'node:stream'
import { describe, it } from 'node:test'
import { defaultLogger } from '@libp2p/logger'
import { tcp } from '@libp2p/tcp'
import type { MultiaddrConnection, Upgrader } from '@libp2p/interface'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { Uint8ArrayList } from 'uint8arraylist'
import type { SendResult } from '../../../../shared/transport/send-result.ts'
import { writeTogether, writeWhole } from '../../../../shared/transport/whole-writes.ts'

function onFakeSocket(highWaterMark: number): {
  calls: number[]
  received: () => Buffer
  send: (data: Uint8ArrayList) => SendResult
  /** With what is sent until the end of the turn. */
  together: () => void
  socket: Writable
} {
  const calls: number[] = []
  const written: Buffer[] = []
  const take = (pieces: Buffer[], done: () => void): void => {
    calls.push(pieces.length)
    written.push(...pieces)
    setImmediate(done)
  }
  const socket = new Writable({
    highWaterMark,
    write: (piece: Buffer, _encoding, done) => take([piece], done),
    writev: (chunks: Array<{ chunk: Buffer }>, done) =>
      take(
        chunks.map(({ chunk }) => chunk),
        done
      )
  })
  const [connection] = multiaddrConnectionPair()
  const own = Object.assign(connection, {
    socket,
    sendData: (): SendResult => assert.fail('not replaced')
  })
  writeWhole(own)
  return {
    calls,
    received: () => Buffer.concat(written),
    send: (data) => Reflect.apply(own.sendData, own, [data]),
    together: () => writeTogether(own),
    socket
  }
}

const no = (): never => assert.fail('not part of a dial')
const UPGRADER: Upgrader = {
  getStreamMuxers: no,
  getConnectionEncrypters: no,
  createInboundAbortSignal: no,
  upgradeInbound: no,
  upgradeOutbound: no
}

/** A connection of the TCP transport, and the socket at its other end. */
async function onRealSocket(): Promise<{ near: MultiaddrConnection; far: Socket } & Disposable> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port }: AddressInfo = addressOf(server.address())
  const accepted: Promise<Socket[]> = once(server, 'connection')
  const opened = Promise.withResolvers<MultiaddrConnection>()
  const upgradeOutbound = async (connection: MultiaddrConnection): Promise<never> => {
    opened.resolve(connection)
    return new Promise(() => undefined)
  }
  const signal = new AbortController().signal
  tcp()({ logger: defaultLogger() })
    .dial(multiaddr(`/ip4/127.0.0.1/tcp/${port}`), {
      signal,
      upgrader: { ...UPGRADER, upgradeOutbound }
    })
    .catch(opened.reject)
  const [[far], near] = await Promise.all([accepted, opened.promise])
  assert.ok(far !== undefined)
  writeWhole(near)
  const dispose = (): void => {
    near.abort(new Error('the test is over'))
    far.destroy()
    server.close()
  }
  return { near, far, [Symbol.dispose]: dispose }
}

function addressOf(address: AddressInfo | string | null): AddressInfo {
  assert.ok(address !== null && typeof address !== 'string')
  return address
}

const list = (piece: Buffer): Uint8ArrayList =>
  new Uint8ArrayList(piece.subarray(0, 12), piece.subarray(12))

async function readAll(socket: Socket): Promise<Buffer> {
  const pieces: Buffer[] = []
  socket.on('data', (piece: Buffer) => pieces.push(piece))
  await once(socket, 'end', { signal: AbortSignal.timeout(5000) })
  return Buffer.concat(pieces)
}

describe('a message to a socket', () => {
  it('is one call when it is small, and in order behind those before it', async () => {
    const { calls, received, send, socket } = onFakeSocket(64 * 1024)
    send(new Uint8ArrayList(Buffer.from('a'), Buffer.from('b')))
    assert.deepEqual(calls, [1])
    send(new Uint8ArrayList(Buffer.from('c')))
    socket.end()
    await once(socket, 'finish')
    assert.equal(received().toString(), 'abc')
  })

  it('is one call when it is large, without being joined', () => {
    const { calls, received, send } = onFakeSocket(64 * 1024)
    const { sentBytes } = send(new Uint8ArrayList(Buffer.alloc(2, 1), Buffer.alloc(20_000, 2)))
    assert.equal(sentBytes, 20_002)
    assert.deepEqual(calls, [2])
    assert.equal(received().byteLength, 20_002)
  })

  it('is one call with those of the same turn, when they are to be written together', async () => {
    const { calls, received, send, together } = onFakeSocket(64 * 1024)
    together()
    send(new Uint8ArrayList(Buffer.from('a')))
    await Promise.resolve()
    send(new Uint8ArrayList(Buffer.from('b')))
    assert.deepEqual(calls, [])
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual([calls, received().toString()], [[2], 'ab'])
    await new Promise((resolve) => setImmediate(resolve))
    send(new Uint8ArrayList(Buffer.from('c')))
    assert.deepEqual(calls, [2, 1])
  })

  it('says when the socket is full, and the socket says when it is empty again', async () => {
    const { send, socket } = onFakeSocket(1000)
    assert.equal(send(new Uint8ArrayList(Buffer.alloc(10))).canSendMore, true)
    assert.equal(send(new Uint8ArrayList(Buffer.alloc(1000))).canSendMore, false)
    await once(socket, 'drain')
    assert.equal(send(new Uint8ArrayList(Buffer.alloc(10))).canSendMore, true)
  })
})

describe('a connection whose messages are written whole', () => {
  it('passes on all that was sent before it was closed', async () => {
    using ends = await onRealSocket()
    const { near, far } = ends
    const sent = [Buffer.alloc(20, 1), Buffer.alloc(200_000, 2), Buffer.alloc(15, 3)]
    const received = readAll(far)
    for (const piece of sent) near.send(list(piece))
    const closing = near.close({ signal: AbortSignal.timeout(5000) })
    assert.ok((await received).equals(Buffer.concat(sent)))
    far.end()
    await closing
  })

  it('waits for a receiver that does not read, and then goes on in order', async () => {
    using ends = await onRealSocket()
    const { near, far } = ends
    const signal = AbortSignal.timeout(5000)
    // More than the kernel holds for one connection.
    const pieces = Array.from({ length: 300 }, (_, n) => Buffer.alloc(64 * 1024, n))
    const taken = pieces.filter((piece) => near.send(list(piece))).length
    assert.ok(taken < pieces.length / 2, `${taken} pieces were taken at once`)
    assert.ok(near.writeBufferLength > 0)
    const received = readAll(far)
    await once(near, 'idle', { signal })
    const closing = near.close({ signal })
    assert.ok((await received).equals(Buffer.concat(pieces)))
    far.end()
    await closing
  })

  it('is reset when it is aborted, and takes nothing more', async () => {
    using ends = await onRealSocket()
    const { near, far } = ends
    const failed = once(far, 'error', { signal: AbortSignal.timeout(5000) })
    far.resume()
    near.abort(new Error('enough'))
    const [error]: NodeJS.ErrnoException[] = await failed
    assert.equal(error?.code, 'ECONNRESET')
    assert.throws(() => near.send(Buffer.from('too late')))
  })

  it('ends when the other side has, and no error is left to itself', async () => {
    using ends = await onRealSocket()
    const { near, far } = ends
    const ended = once(near, 'close', { signal: AbortSignal.timeout(5000) })
    far.end()
    near.send(new Uint8ArrayList(Buffer.alloc(100_000)))
    far.resume()
    await ended
    assert.notEqual(near.status, 'open')
  })
})

// What reaches the system of what a connection sends, and when.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Writable } from 'node:stream'
import { describe, it } from 'node:test'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { Uint8ArrayList } from 'uint8arraylist'
import { gatherWrites } from '../../../../shared/transport/gathered-writes.ts'

function connected(highWaterMark: number): {
  calls: number[]
  received: () => Buffer
  send: (data: Uint8ArrayList) => { sentBytes: number; canSendMore: boolean }
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
    sendData: (): { sentBytes: number; canSendMore: boolean } => assert.fail('not replaced')
  })
  gatherWrites(own)
  return {
    calls,
    received: () => Buffer.concat(written),
    send: (data) => Reflect.apply(own.sendData, own, [data]),
    socket
  }
}

/** The second comes behind what the first turn has ordered. */
const turn = async (): Promise<void> => {
  await new Promise((resolve) => setImmediate(resolve))
  await new Promise((resolve) => setImmediate(resolve))
}

describe('a socket whose writes are gathered', () => {
  it('makes one call of what is sent within one turn, in order', async () => {
    const { calls, received, send } = connected(64 * 1024)
    send(new Uint8ArrayList(Buffer.from('a'), Buffer.from('b')))
    await Promise.resolve()
    send(new Uint8ArrayList(Buffer.from('c')))
    assert.deepEqual(calls, [])
    await turn()
    assert.deepEqual(received().toString(), 'abc')
    assert.equal(calls.length, 1)
    send(new Uint8ArrayList(Buffer.from('d')))
    await turn()
    assert.equal(received().toString(), 'abcd')
    assert.equal(calls.length, 2)
  })

  it('passes large pieces on without joining them', async () => {
    const { calls, received, send } = connected(64 * 1024)
    const { sentBytes } = send(new Uint8ArrayList(Buffer.alloc(2, 1), Buffer.alloc(20_000, 2)))
    await turn()
    assert.equal(sentBytes, 20_002)
    assert.deepEqual(calls, [2])
    assert.equal(received().byteLength, 20_002)
  })

  it('says when the socket is full, and the socket says when it is empty again', async () => {
    const { send, socket } = connected(1000)
    assert.equal(send(new Uint8ArrayList(Buffer.alloc(10))).canSendMore, true)
    assert.equal(send(new Uint8ArrayList(Buffer.alloc(1000))).canSendMore, false)
    await once(socket, 'drain')
    assert.equal(send(new Uint8ArrayList(Buffer.alloc(10))).canSendMore, true)
  })
})

// The first message of a stream, and what comes behind it.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { byteStream } from '@libp2p/utils'
import { readFrame, sendFrame } from '../../../../relay/circuit/frames.ts'
import { MAX_CIRCUIT_MESSAGE_BYTES } from '../../../../shared/wire/circuit.ts'
import { yamuxPair } from '../../../support/yamux-pair.ts'

const patience = (): { signal: AbortSignal } => ({ signal: AbortSignal.timeout(10_000) })
const named = { name: 'CircuitMessageError' }

describe('frames of circuit messages', () => {
  it('are prefixed with their length', async () => {
    const { near, far } = await yamuxPair()
    sendFrame(near, new Uint8Array(200).fill(7))
    const bytes = await byteStream(far).read({ bytes: 202, ...patience() })
    assert.deepEqual([...bytes.subarray(0, 3)], [0xc8, 0x01, 7])
  })

  it('leave what came behind them in the stream, paused and in order', async () => {
    const { near, far } = await yamuxPair()
    near.send(Uint8Array.of(2, 10, 11, 20, 21, 22))
    near.send(Uint8Array.of(23))
    assert.deepEqual([...(await readFrame(far, patience()))], [10, 11])
    assert.equal(far.readStatus, 'paused')
    const rest = byteStream(far)
    far.resume()
    const bytes = await rest.read({ bytes: 4, ...patience() })
    assert.deepEqual([...bytes.subarray()], [20, 21, 22, 23])
  })

  it('may have 4 KiB and not a byte more', async () => {
    const { near, far } = await yamuxPair()
    sendFrame(near, new Uint8Array(MAX_CIRCUIT_MESSAGE_BYTES))
    assert.equal((await readFrame(far, patience())).byteLength, MAX_CIRCUIT_MESSAGE_BYTES)
    const other = await yamuxPair()
    other.near.send(Uint8Array.of(0x81, 0x20))
    await assert.rejects(readFrame(other.far, patience()), named)
  })

  it('with a length that never ends are refused at once, not collected', async () => {
    const { near, far } = await yamuxPair()
    near.send(Uint8Array.of(0xff, 0xff, 0xff))
    await assert.rejects(readFrame(far, patience()), named)
  })

  it('that come drop by drop are refused before they are whole', async () => {
    const { near, far } = await yamuxPair()
    const refused = assert.rejects(readFrame(far, patience()), named)
    near.send(Uint8Array.of(0xff, 0x0f))
    for (let n = 0; n < 1000; n++) {
      near.send(Uint8Array.of(1))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await refused
    assert.ok(far.readBufferLength > 0, 'the rest was not read')
  })

  it('that break off are told from those that are late', async () => {
    const { near, far } = await yamuxPair()
    near.send(Uint8Array.of(10, 1, 2))
    const reading = readFrame(far, patience())
    await near.close()
    await assert.rejects(reading, { name: 'UnexpectedEOFError' })
    const empty = await yamuxPair()
    await empty.near.close()
    await assert.rejects(readFrame(empty.far, patience()), { name: 'UnexpectedEOFError' })
  })

  it('in pieces are put together, the length included', async () => {
    const { near, far } = await yamuxPair()
    const reading = readFrame(far, patience())
    for (const piece of [[0x81], [0x01, 7], Array(127).fill(7), [7, 8]]) {
      near.send(Uint8Array.from(piece))
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.deepEqual([...(await reading)], Array(129).fill(7))
    assert.equal(far.readBufferLength, 1)
  })

  it('that stall are given up with the reason of the signal', async () => {
    const { near, far } = await yamuxPair()
    near.send(Uint8Array.of(10, 1, 2))
    const late = new Error('too late')
    const stop = new AbortController()
    const reading = readFrame(far, { signal: stop.signal })
    stop.abort(late)
    await assert.rejects(reading)
  })
})

// What a turn of the event loop writes leaves together.
import assert from 'node:assert/strict'
import { Socket } from 'node:net'
import { describe, it } from 'node:test'
import type { MultiaddrConnection, Transport, Upgrader } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { wholePackets } from '../../../../shared/transport/whole-packets.ts'

interface Written {
  sendData: (data: Uint8Array[]) => void
  /** How many bytes each call to the system had. */
  packets: number[]
}

/** A connection that the wrapped transport has dialled, on a socket that goes nowhere. */
async function written(): Promise<Written> {
  const packets: number[] = []
  const socket = Object.assign(new Socket(), {
    _write: (chunk: Uint8Array, _encoding: string, done: () => void) => {
      packets.push(chunk.byteLength)
      done()
    },
    _writev: (chunks: Array<{ chunk: Uint8Array }>, done: () => void) => {
      packets.push(chunks.reduce((sum, { chunk }) => sum + chunk.byteLength, 0))
      done()
    }
  })
  const { signal } = new AbortController()
  const connection: MultiaddrConnection & Pick<Written, 'sendData'> = Object.assign(
    Object.create(null),
    {
      socket,
      sendData: (data: Uint8Array[]): void => data.forEach((each) => void socket.write(each))
    }
  )
  const inner: Transport = Object.assign(Object.create(null), {
    dial: async (_: unknown, { upgrader }: { upgrader: Upgrader }) =>
      upgrader.upgradeOutbound(connection, { signal }),
    createListener: () => undefined
  })
  const upgrader: Upgrader = Object.assign(Object.create(null), {
    upgradeOutbound: async () => undefined
  })
  const transport = wholePackets(() => inner)(undefined)
  await transport.dial(multiaddr('/ip4/127.0.0.1/tcp/1'), { signal, upgrader })
  return { sendData: (data) => connection.sendData(data), packets }
}

const bytes = (length: number): Uint8Array => new Uint8Array(length)
const turn = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('a connection that sends whole packets', () => {
  it('sends the first of a turn at once, and what follows in one', async () => {
    const { sendData, packets } = await written()
    sendData([bytes(2), bytes(30)])
    assert.deepEqual(packets, [32])
    for (const length of [12, 2, 40]) sendData([bytes(length)])
    assert.deepEqual(packets, [32])
    await turn()
    assert.deepEqual(packets, [32, 54])
  })

  it('begins anew in each turn', async () => {
    const { sendData, packets } = await written()
    sendData([bytes(1)])
    await turn()
    sendData([bytes(2)])
    assert.deepEqual(packets, [1, 2])
    await turn()
    assert.deepEqual(packets, [1, 2])
  })

  it('does not hold bulk back until the turn ends', async () => {
    const { sendData, packets } = await written()
    sendData([bytes(1)])
    sendData([bytes(10_000)])
    sendData([bytes(10_000)])
    assert.deepEqual(packets, [1, 20_000])
  })
})

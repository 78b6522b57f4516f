// One process of load on a relay: does what its parent asks over IPC, and ends with it. See relay-load.ts.
import { once } from 'node:events'
import { loadavg } from 'node:os'
import type { Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { LightPeer } from './light-peer.ts'
import type { Answer, Order } from './relay-load.ts'

const PIECE = Buffer.alloc(64 * 1024, 7)
/** Reading stops this long after each so many bytes: 35 MB/s at most. */
const SLOW_BYTES = 1024 * 1024
const SLOW_MS = 30
const MAX_QUEUED_BYTES = 512 * 1024

const peers: LightPeer[] = []
const circuits: Stream[] = []
let received = 0
let awaited: { bytes: number; arrived: () => void } | undefined

process.on('disconnect', () => process.exit(0))
process.on('message', ({ id, order }: { id: number; order: Order }) => {
  perform(order).then(
    (figures) => answer({ id, figures }),
    (error: unknown) =>
      answer({ id, error: `${order.do}: ${String(error)} (load ${loadavg()[0]})` })
  )
})

function answer(message: Answer): void {
  process.send?.(message)
}

async function perform(order: Order): Promise<number[] | string[]> {
  switch (order.do) {
    case 'take':
      return take(order)
    case 'open':
      for (const target of order.targets) await open(order.relay, target, order.from)
      return []
    case 'pour':
      return [await pour(order.bytes)]
    case 'await':
      return [await arrival(order.bytes)]
    case 'echo':
      return echo(order.count)
    case 'reserve':
      return [await reserve(order)]
  }
  return order satisfies never
}

/** A host for every 16 peers: relays bound how many may come from one. */
function hostOf(index: number): string {
  const host = Math.floor(index / 16)
  return `127.${10 + (host >> 16)}.${(host >> 8) & 255}.${host & 255 || 1}`
}

/** Milliseconds. */
async function reserve(order: Order & { do: 'reserve' }): Promise<number> {
  const relay = multiaddr(order.relay)
  const began = performance.now()
  let next = order.first
  const end = order.first + order.count
  const worker = async (): Promise<void> => {
    while (next < end) {
      const peer = await LightPeer.connect(relay, hostOf(next++))
      await peer.reserve()
      peers.push(peer)
    }
  }
  await Promise.all(Array.from({ length: order.parallel }, worker))
  return performance.now() - began
}

/** Peers with reservations, and what they do with circuits; their ids. */
async function take({ relay, count, how, first }: Order & { do: 'take' }): Promise<string[]> {
  const ids: string[] = []
  for (let n = 0; n < count; n++) {
    const peer = await LightPeer.connect(multiaddr(relay), hostOf(first + 16 * n))
    peer.takeCircuits((stream) => {
      if (how === 'echo') stream.addEventListener('message', ({ data }) => void stream.send(data))
      else drain(stream, how === 'slowly')
    })
    await peer.reserve()
    peers.push(peer)
    ids.push(Buffer.from(peer.id.toMultihash().bytes).toString('hex'))
  }
  return ids
}

function drain(stream: Stream, slowly: boolean): void {
  let sinceRest = 0
  stream.addEventListener('message', ({ data }) => {
    received += data.byteLength
    if (awaited !== undefined && received >= awaited.bytes) awaited.arrived()
    sinceRest += data.byteLength
    if (!slowly || sinceRest < SLOW_BYTES) return
    sinceRest = 0
    // Not inside the event: the library sends a window update behind it.
    queueMicrotask(() => stream.pause())
    setTimeout(() => {
      if (stream.readStatus === 'paused') stream.resume()
    }, SLOW_MS)
  })
}

async function open(relay: string, target: string, from: number): Promise<void> {
  const peer = await LightPeer.connect(multiaddr(relay), hostOf(from + 16 * circuits.length))
  peers.push(peer)
  circuits.push(await peer.circuit(Buffer.from(target, 'hex')))
}

/** So many bytes through each circuit, as fast as they go; milliseconds until the last is handed over. */
async function pour(bytes: number): Promise<number> {
  const began = performance.now()
  await Promise.all(
    circuits.map(async (stream) => {
      for (let sent = 0; sent < bytes; sent += PIECE.byteLength) {
        stream.send(PIECE)
        // `drain` comes before the queue has gone.
        while (stream.writeBufferLength > MAX_QUEUED_BYTES) await once(stream, 'drain')
      }
    })
  )
  return performance.now() - began
}

/** When so many bytes in all have arrived here, on the clock that processes share. */
async function arrival(bytes: number): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>()
  awaited = { bytes, arrived: resolve }
  if (received >= bytes) resolve()
  await promise
  return Number(process.hrtime.bigint()) / 1e6
}

/** Microseconds of each round trip of 64 bytes. */
async function echo(count: number): Promise<number[]> {
  const [stream] = circuits
  if (stream === undefined) throw new Error('there is no circuit')
  const piece = Buffer.alloc(64)
  const times: number[] = []
  let back = Promise.withResolvers<void>()
  stream.addEventListener('message', () => back.resolve())
  for (let n = 0; n < count; n++) {
    back = Promise.withResolvers()
    const began = performance.now()
    stream.send(piece)
    await back.promise
    times.push((performance.now() - began) * 1000)
  }
  return times
}

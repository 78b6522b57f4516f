// Peers that speak HOP and STOP by hand with the relay of a scene.
import assert from 'node:assert/strict'
import type { Connection, Libp2p } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import { CircuitStatus, decodeHop, HOP_PROTOCOL } from '../../shared/wire/circuit.ts'
import { askHop, patience, reserveRequest, takeCircuits, type TakenCircuit } from './raw-circuit.ts'

export interface Guest {
  node: Libp2p
  id: string
  toRelay: Connection
}

/** What guests have to know of a relay, wherever it runs. */
export interface Hospitable {
  address: Multiaddr
  /** That does not know circuits; stopped with the test. */
  plainPeer(): Promise<Libp2p>
}

export async function guest(scene: Hospitable): Promise<Guest> {
  const node = await scene.plainPeer()
  const toRelay = await node.dial(scene.address, { signal: patience() })
  return { node, id: node.peerId.toString(), toRelay }
}

/** Of the answer to one request. */
export async function statusOf(from: Guest, request: Uint8Array): Promise<number | undefined> {
  const { answer, stream } = await askHop(from.toRelay, request)
  await stream.close()
  return answer.status
}

/** Of the answer to bytes that may be no request at all. */
export async function answerTo(from: Guest, bytes: Uint8Array): Promise<number | undefined> {
  const stream = await from.toRelay.newStream(HOP_PROTOCOL, { signal: patience() })
  const frames = lpStream(stream)
  stream.send(bytes)
  const answer = decodeHop((await frames.read({ signal: patience() })).subarray())
  await stream.close()
  return answer.status
}

/** A target with a reservation, and what reaches it. */
export async function target(
  scene: Hospitable,
  options: { first?: Uint8Array; status?: number } = {}
): Promise<Guest & { taken: Promise<TakenCircuit> }> {
  const host = await guest(scene)
  const taken = Promise.withResolvers<TakenCircuit>()
  await takeCircuits(host.node, taken.resolve, options)
  assert.equal(await statusOf(host, reserveRequest()), CircuitStatus.OK)
  return { ...host, taken: taken.promise }
}

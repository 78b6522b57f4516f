// What makes and keeps connections to members: the relays on the way to them, the dials, and the moves from one circuit to another.
import { leaveRelay } from './circuits/leaving.ts'
import { CircuitMoves } from './circuits/moves.ts'
import { startRenewal } from './circuits/renewal.ts'
import { startWays, type WaysInit } from './circuits/ways.ts'
import { startReach, type Reach } from './reach.ts'
import type { Room } from './room.ts'
import type { Traversal } from './traversal/traversal.ts'

export interface ConnectingInit extends Omit<WaysInit, 'addresses'> {
  selfId: string
  /** Absent: circuits alone. */
  traversal: Pick<Traversal, 'dialReachable' | 'hurry'> | undefined
  members: Pick<Room, 'has' | 'addresses'>
  /** The connection that carries the conversation with a peer. */
  carrying: (peer: string) => string | undefined
}

export interface Connecting extends AsyncDisposable {
  reach: Reach
  /** Whether what is relayed stands and falls with that peer. */
  isRelay: (peer: string) => boolean
  /**
   * That relay stops: whoever is reached through it alone becomes direct or is reached through another one, if that can
   * be. Returns who that is.
   */
  leave: (relay: string) => string[]
}

export function startConnecting(
  init: ConnectingInit,
  options: { signal: AbortSignal }
): Connecting {
  const parts = new AsyncDisposableStack()
  const { node, members, traversal, carrying } = init
  const addresses = (peer: string): ReturnType<Room['addresses']> => members.addresses(peer)
  const { circuits, dialCircuit, isRelay } = parts.use(startWays({ ...init, addresses }, options))
  const isMember = (peer: string): boolean => members.has(peer)
  const moves = parts.use(new CircuitMoves({ node, dialCircuit, carrying }, options))
  parts.use(startRenewal({ node, isMember, circuits, moves }))
  const dialReachable: Traversal['dialReachable'] | undefined =
    traversal && (async (...args) => traversal.dialReachable(...args))
  const ways = { node, isMember, addresses, circuits, dialCircuit }
  const reach = parts.use(
    startReach(dialReachable === undefined ? ways : { ...ways, dialReachable }, {
      ...options,
      selfId: init.selfId
    })
  )
  const leave = (relay: string): string[] => {
    const left = leaveRelay(relay, { node, isMember, circuits, moves })
    if (left.length > 0) traversal?.hurry()
    return left
  }
  return { reach, isRelay, leave, [Symbol.asyncDispose]: async () => parts.disposeAsync() }
}

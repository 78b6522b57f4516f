// A relay that only says what a test wants the status page to show: no node, no network.
import { eachLimit } from '../../relay/limits.ts'
import { OwnEnds } from '../../relay/own-ends.ts'
import type { Relay } from '../../relay/relay.ts'
import type { CircuitRow, RelaySnapshot } from '../../relay/status/snapshot.ts'

/** Longer than a peer id, and all different at their end. */
export const stagedPeer = (n: number): string =>
  `12D3KooWEHUQf4tPKh6TeSX5WdAhMP5xmtLXQDAe${String(n).padStart(8, '0')}`

export function stagedSnapshot(changes: Partial<RelaySnapshot> = {}): RelaySnapshot {
  const nowMs = Date.now()
  return {
    atMs: nowMs,
    startedAtMs: nowMs - 3 * 86_400_000,
    peerId: stagedPeer(0),
    addresses: [`/ip4/203.0.113.7/tcp/45678/p2p/${stagedPeer(0)}`],
    reservations: [],
    circuits: [],
    connections: [],
    registrations: 0,
    rooms: 0,
    usage: [{ limit: 'reservations', used: 0, max: 512 }],
    refusals: eachLimit(() => 0),
    draining: false,
    totals: {
      reservationsGranted: 0,
      reservationsRenewed: 0,
      circuitsOpened: 0,
      circuitsClosed: {},
      bytes: 0,
      refused: {},
      punches: {}
    },
    ...changes
  }
}

export function stagedCircuit(changes: Partial<CircuitRow> = {}): CircuitRow {
  const nowMs = Date.now()
  return {
    from: stagedPeer(1),
    to: stagedPeer(2),
    openedAtMs: nowMs - 90_000,
    endsAtMs: nowMs + 900_000,
    bytesToTarget: 48_000_000,
    bytesFromTarget: 1000,
    maxBytes: 64_000_000,
    ...changes
  }
}

/** Its self-check fails, as there is nothing to dial. */
export const stagedRelay = (snapshot: () => RelaySnapshot): Relay => ({
  peerId: stagedPeer(0),
  addresses: [],
  listening: [],
  own: new OwnEnds(),
  refusals: eachLimit(() => 0),
  usage: () => [],
  reload: () => {},
  draining: false,
  roomsProblem: undefined,
  drain: async () => {},
  snapshot,
  subscribe: () => () => {},
  [Symbol.asyncDispose]: async () => {}
})

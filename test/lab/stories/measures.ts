// What a measured scene took, from the events of its actors. (pure)

import type { PeerActor } from '../../../peer/demo/cast.ts'
import type { ConnectionTold, RegisteringTold } from './tell-connections.ts'

/** Milliseconds; undefined where there was no such moment, as without a circuit on a LAN. */
export interface Measures {
  /** From the circuit, open at that peer, to the direct connection, open at that peer. */
  openToDirect: { anna: number | undefined; ben: number | undefined }
  /** From anna's request to register to the direct connection, open at that peer. */
  registerToDirect: { anna: number | undefined; ben: number | undefined }
  /** From anna's request to register to the first line that ben hears. */
  registerToLine: number | undefined
  /** anna, the newcomer: from the first packet to the relay. */
  joinToDirect: number | undefined
  /** anna: from when she learns of ben. */
  reachToDirect: number | undefined
  /** No round of a punch failed at either side before. */
  firstAttempt: boolean
}

/** A peer, as far as it is measured: all that it told from before it knew the relay. */
export type Watched = Pick<PeerActor, 'events'>

/** Of a scene that was opened with `measured`. */
export function measuresOf({ anna, ben }: { anna: Watched; ben: Watched }): Measures {
  const seenByAnna = connectionsTo(anna, ben)
  const direct = seenByAnna.find((told) => told.direct)
  const registering = allTold(anna).find(isRegistering)
  const joined = anna.events.find((told) => told.event === 'relay' && told.state === 'connecting')
  const path = anna.events.find((told) => told.event === 'path' && told.path === 'direct')
  return {
    openToDirect: { anna: openToDirect(seenByAnna), ben: openToDirect(connectionsTo(ben, anna)) },
    registerToDirect: {
      anna: between(registering, direct),
      ben: between(
        registering,
        connectionsTo(ben, anna).find((one) => one.direct)
      )
    },
    registerToLine: between(
      registering,
      ben.events.find((told) => told.event === 'message')
    ),
    joinToDirect: between(joined, direct),
    reachToDirect: path?.event === 'path' ? path.ms : undefined,
    firstAttempt: ![anna, ben].some(failedBefore)
  }
}

export function median(values: ReadonlyArray<number | undefined>): number | undefined {
  const sorted = values.filter((value) => value !== undefined).toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]]
  return low === undefined || high === undefined ? undefined : (low + high) / 2
}

function openToDirect(told: ConnectionTold[]): number | undefined {
  const circuit = told.find(({ direct }) => !direct)
  const direct = told.find((connection) => connection.direct)
  return between(circuit, direct)
}

function between(
  from: { at: string } | undefined,
  to: { at: string } | undefined
): number | undefined {
  if (from === undefined || to === undefined) return undefined
  const ms = Date.parse(to.at) - Date.parse(from.at)
  return ms < 0 ? undefined : ms
}

function failedBefore({ events }: Watched): boolean {
  const direct = events.findIndex((told) => told.event === 'path' && told.path === 'direct')
  return events
    .slice(0, direct === -1 ? events.length : direct)
    .some((told) => told.event === 'punch' && told.outcome === 'failed')
}

function connectionsTo(of: Watched, other: Watched): ConnectionTold[] {
  const started = other.events.find((told) => told.event === 'started')
  const peer = started?.event === 'started' ? started.peerId : undefined
  return allTold(of)
    .filter(isConnection)
    .filter((connection) => connection.peer === peer)
}

function allTold({ events }: Watched): Array<{ event: string }> {
  return events
}

function isRegistering(each: { event: string }): each is RegisteringTold {
  return each.event === 'registering'
}

export function isConnection(told: { event: string }): told is ConnectionTold {
  return told.event === 'connection'
}

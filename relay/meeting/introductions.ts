// Who is to be told of whom: members of one room that have subscribed, each pair once for each of their records. (pure)
import type { VerifiedRecord } from '../rendezvous/room-store.ts'

export interface Introduction {
  room: string
  /** Peer ids. Each is told of the other in the same instant. */
  newcomer: Introduced
  member: Introduced
}

export interface Introduced {
  peer: string
  record: Uint8Array
}

interface Place {
  record: VerifiedRecord
  /** Others have been told of this record. */
  told: boolean
}

export class Introductions {
  /** Peer → rooms that it wants to be told of. */
  readonly #subscribed = new Map<string, ReadonlySet<string>>()
  /** Room → peer → what it has registered there; those that came or changed last are at the end. */
  readonly #rooms = new Map<string, Map<string, Place>>()

  /** Replaces what it has subscribed to before. */
  subscribe(peer: string, rooms: readonly string[]): Introduction[] {
    this.#subscribed.set(peer, new Set(rooms))
    return rooms.flatMap((room) => this.#introduce(peer, room))
  }

  unsubscribe(peer: string): void {
    this.#subscribed.delete(peer)
  }

  /** It is registered, anew or as before; of two forms of one record the first counts. */
  registered(peer: string, room: string, record: VerifiedRecord): Introduction[] {
    const places = this.#rooms.get(room) ?? new Map<string, Place>()
    if (places.get(peer)?.record.sequence === record.sequence) return []
    this.#rooms.set(room, places)
    places.delete(peer)
    places.set(peer, { record, told: false })
    return this.#introduce(peer, room)
  }

  removed(peer: string, room: string): void {
    const places = this.#rooms.get(room)
    places?.delete(peer)
    if (places?.size === 0) this.#rooms.delete(room)
  }

  #introduce(peer: string, room: string): Introduction[] {
    const places = this.#rooms.get(room)
    const own = places?.get(peer)
    if (places === undefined || own === undefined || own.told) return []
    if (this.#subscribed.get(peer)?.has(room) !== true) return []
    own.told = true
    const newcomer = { peer, record: own.record.bytes }
    return [...places].toReversed().flatMap(([other, { record }]) => {
      if (other === peer || this.#subscribed.get(other)?.has(room) !== true) return []
      return [{ room, newcomer, member: { peer: other, record: record.bytes } }]
    })
  }
}

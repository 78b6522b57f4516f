// What is believed of the answers of Redis: as much as of anybody's. (pure)
import { MAX_TTL_SECONDS, STATUS } from '../../../shared/wire/rendezvous.ts'
import type { RelayLimits } from '../../limits.ts'
import { perPeerFull, REGISTRY_FULL, ROOM_FULL, type Refused } from '../limits.ts'
import type { Discovered } from '../room-store.ts'

export const UNAVAILABLE: Refused = {
  status: STATUS.unavailable,
  reason: 'the rooms are kept on another server, which does not answer: try again soon'
}

export const WRONG_COOKIE: Refused = {
  status: STATUS.invalidCookie,
  reason: 'the cookie is not of this room and server'
}

/** Exclusive bound of what a cookie can carry. */
const SEQUENCES = 2 ** 40

/** Which limit a registration met, by the script's word for it. */
export function full(word: string | undefined, limits: Readonly<RelayLimits>): Refused {
  switch (word) {
    case 'peer':
      return perPeerFull(limits)
    case 'room':
      return ROOM_FULL
    case 'all':
      return REGISTRY_FULL
    case undefined:
    default:
      return UNAVAILABLE
  }
}

export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : undefined
}

/** A number that a cookie can carry. */
export function sequenceOf(value: unknown): number | undefined {
  const text = textOf(value)
  const number = text === undefined || text === '' ? NaN : Number(text)
  return Number.isSafeInteger(number) && number >= 0 && number < SEQUENCES ? number : undefined
}

/** Records and the milliseconds left of them, in turns; what is not so is left out. */
export function foundOf(room: string, values: unknown[]): Discovered['registrations'] {
  const found: Discovered['registrations'] = []
  for (let i = 0; i + 1 < values.length; i += 2) {
    const record = values[i]
    const leftMs = sequenceOf(values[i + 1])
    if (!(record instanceof Uint8Array) || leftMs === undefined) continue
    const ttlSeconds = Math.min(Math.ceil(leftMs / 1000), MAX_TTL_SECONDS)
    found.push({ room, record, ttlSeconds })
  }
  return found
}

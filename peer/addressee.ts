// The one member that a name stands for. (pure)
import { UserError } from '../shared/errors.ts'
import type { Room } from './room.ts'

/** Takes a name or a peer id. Throws a UserError when nobody, or more than one, has that name. */
export function addressee(room: Room, to: string): string {
  const [peer, another] = room.named(to)
  if (peer === undefined) {
    throw new UserError(
      'unknown-name',
      `nobody in ${room.name} is called ${to}: /peers lists who is there`
    )
  }
  if (another === undefined) return peer
  throw new UserError(
    'ambiguous-name',
    `several in ${room.name} are called ${to}: use the peer id that /peers shows`
  )
}

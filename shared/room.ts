// What may be the name of a room: the rendezvous namespace as it stands. (pure)
import { UsageError } from './errors.ts'
import { MAX_NAMESPACE_BYTES } from './wire/rendezvous.ts'

/**
 * Returns the name unchanged, so that it can be checked where it comes in. `givenBy` says in complaints where that is.
 *
 * @throws UsageError when no rendezvous server could take it
 */
export function checkRoom(room: string, givenBy?: string): string {
  const name = givenBy === undefined ? 'the room name' : `the room name of ${givenBy}`
  if (room === '') {
    throw new UsageError('room-empty', `${name} is empty: give the room a name, such as lobby`)
  }
  if (!room.isWellFormed()) {
    throw new UsageError('room-not-text', `${name} is not valid Unicode text: choose another`)
  }
  const bytes = Buffer.byteLength(room, 'utf8')
  if (bytes > MAX_NAMESPACE_BYTES) {
    throw new UsageError(
      'room-too-long',
      `${name} is ${bytes} bytes long and may have at most ${MAX_NAMESPACE_BYTES}: choose a shorter one`
    )
  }
  return room
}

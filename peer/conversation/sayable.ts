// What can be said, and what one and a room may be called. (pure)
import { UserError } from '../../shared/errors.ts'
import { CHAT_LIMITS } from '../../shared/wire/chat.ts'

/** Throws a UserError for a text that is empty or too long. */
export function checkText(text: string): void {
  if (text === '')
    throw new UserError('empty-message', 'there is nothing to send: the message is empty')
  const bytes = Buffer.byteLength(text)
  if (bytes <= CHAT_LIMITS.maxTextBytes) return
  const most = `at most ${CHAT_LIMITS.maxTextBytes} can be sent at once: split it up`
  throw new UserError('message-too-long', `the message has ${bytes} bytes; ${most}`)
}

/** Throws a UserError. */
export function checkName(name: string): void {
  checkBytes('name', name, CHAT_LIMITS.maxNameBytes)
}

/** Throws a UserError. */
export function checkRoomName(room: string): void {
  checkBytes('room', room, CHAT_LIMITS.maxRoomBytes)
}

function checkBytes(what: string, value: string, maxBytes: number): void {
  if (value !== '' && Buffer.byteLength(value) <= maxBytes) return
  throw new UserError(`bad-${what}`, `the ${what} must have 1 to ${maxBytes} bytes: choose another`)
}

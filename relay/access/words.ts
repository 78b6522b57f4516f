// Who may use the relay, in words. (pure)
import type { AccessRules } from './access.ts'

/** The rest of a sentence about the relay's access. */
export function accessWords({ allow, deny, rooms, secrets }: AccessRules): string {
  const doors = [
    ...(allow.length === 0 ? [] : [count(allow.length, 'allowed peer')]),
    ...(secrets.length === 0 ? [] : [whoProves(secrets.length)])
  ]
  const who = doors.length === 0 ? 'everybody' : doors.join(' and ')
  const but = deny.length === 0 ? '' : `, but for ${count(deny.length, 'denied peer')}`
  const where = rooms.length === 0 ? '' : `, in ${count(rooms.length, 'room')} only`
  return `is for ${who}${but}${where}`
}

/** Whether a reload has changed anything. */
export function sameAccess(a: AccessRules, b: AccessRules): boolean {
  return (
    listsOf(a) === listsOf(b) &&
    a.secrets.length === b.secrets.length &&
    a.secrets.every((secret) => b.secrets.some((other) => other.equals(secret)))
  )
}

const listsOf = ({ allow, deny, rooms }: AccessRules): string =>
  JSON.stringify([allow, deny, rooms])

const count = (number: number, noun: string): string =>
  `${number} ${noun}${number === 1 ? '' : 's'}`

const whoProves = (secrets: number): string =>
  `whoever proves ${secrets === 1 ? 'the secret' : `one of ${secrets} secrets`}`

// The few names under which reasons are counted: sentences name hosts and numbers, labels of metrics must not. (pure)

/** The first pattern that is in the sentence gives the name. */
type Names = ReadonlyArray<readonly [pattern: RegExp, name: string]>

const OTHER = 'other'

const REFUSALS: Names = [
  [/^all \d+ (?:reservations|circuits) are taken/, 'relay full'],
  [/has \d+ reservations already/, 'host full'],
  [/has \d+ circuits already/, 'peer full'],
  [/^the target has no reservation/, 'no reservation'],
  [/^the target is not connected/, 'target gone'],
  [/^the target refused/, 'target refused'],
  [/in time$/, 'target silent'],
  [/^failed to|went away/, 'connection failed'],
  [/^asked over a circuit|circuit to itself/, 'not allowed'],
  [/^a peer may be registered in/, 'peer full'],
  [/^the room is full/, 'room full'],
  [/^no room for more registrations/, 'relay full'],
  [/namespace/, 'bad room name'],
  [/^a TTL of/, 'bad ttl']
]

const ENDS: Names = [
  [/^it was closed/, 'closed'],
  [/^its limit of [\d.]+ s /, 'time limit'],
  [/^its limit of \d+ bytes/, 'byte limit'],
  [/^the relay stopped/, 'relay stopped'],
  [/^the stream of/, 'connection failed']
]

const nameIn = (names: Names, reason: string): string =>
  names.find(([pattern]) => pattern.test(reason))?.[1] ?? OTHER

/** Of a refused reservation, circuit or registration. */
export const refusalName = (reason: string): string => nameIn(REFUSALS, reason)

/** Of a circuit that has ended. */
export const endName = (reason: string): string => nameIn(ENDS, reason)

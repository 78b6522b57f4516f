// The few names under which reasons are counted that are no limit: sentences name hosts and numbers, labels of metrics must not. (pure)

/** The first pattern that is in the sentence gives the name. */
type Names = ReadonlyArray<readonly [pattern: RegExp, name: string]>

const OTHER = 'other'

const REFUSALS: Names = [
  [/^the relay is stopping/, 'relay stopping'],
  [/^the rooms are kept on another server/, 'rooms unavailable'],
  [/^the target has no reservation/, 'no reservation'],
  [/^the target is not connected/, 'target gone'],
  [/^the target refused/, 'target refused'],
  [/^failed to|went away/, 'connection failed'],
  [
    /^asked (?:over a circuit|from no TCP)|circuit to itself|is one of system services|is nearer than/,
    'not allowed'
  ],
  [/namespace/, 'bad room name'],
  [/^a TTL of/, 'bad ttl']
]

const ENDS: Names = [
  [/^it was closed/, 'closed'],
  [/^the relay stopped/, 'relay stopped'],
  [/^the stream of/, 'connection failed']
]

const nameIn = (names: Names, reason: string): string =>
  names.find(([pattern]) => pattern.test(reason))?.[1] ?? OTHER

/** Of a refused reservation, circuit, registration or dial-back. */
export const refusalName = (reason: string): string => nameIn(REFUSALS, reason)

/** Of a circuit that has ended. */
export const endName = (reason: string): string => nameIn(ENDS, reason)

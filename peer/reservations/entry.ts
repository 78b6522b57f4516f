// Asks a relay for a reservation, and to be let in first where that takes a secret.
import { CircuitStatus } from '../../shared/wire/circuit.ts'
import {
  reserve,
  type Granted,
  type HopConnection,
  type Refused,
  type ReserveOptions
} from './hop-client.ts'
import { proveSecret, type ProofOptions, type SecretVerdict } from './secret-proof.ts'

export type EntryOptions = ProofOptions & ReserveOptions

export interface Declined extends Refused {
  /** When the relay does not let us in: what it made of our secrets. */
  secret?: SecretVerdict
}

/** On a new connection. Throws ReservationError, or the signal's reason. */
export async function enter(
  connection: HopConnection,
  options: EntryOptions
): Promise<Granted | Declined> {
  const { verdict } = await proveSecret(connection, options)
  const answer = await reserve(connection, options)
  if (!isDenied(answer)) return answer
  const secret = await verdict
  // It may have looked at the reservation first.
  return secret === 'proven' ? reserve(connection, options) : { ...answer, secret }
}

/** Where we have been let in before; the relay may have other secrets since. Throws as `enter` does. */
export async function renew(
  connection: HopConnection,
  options: EntryOptions
): Promise<Granted | Declined> {
  const answer = await reserve(connection, options)
  return isDenied(answer) && options.secrets.length > 0 ? enter(connection, options) : answer
}

export const isDenied = (answer: Granted | Refused): answer is Refused =>
  !answer.granted && answer.status === CircuitStatus.PERMISSION_DENIED

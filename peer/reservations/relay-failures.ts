// What went wrong on the way to a relay, as one sentence for the user. (pure)
import { everyText } from '../../shared/error-text.ts'
import type { UserError } from '../../shared/errors.ts'
import { SECRET_VARIABLE } from '../../shared/secret-option.ts'
import { CircuitStatus, circuitStatusName } from '../../shared/wire/circuit.ts'
import { ReservationError, type ReservationFault } from './reservation-error.ts'
import type { SecretVerdict } from './secret-proof.ts'

export interface RelayFailure {
  code: UserError['code']
  message: string
}

type Rule = { code: string; matches: RegExp; message: (address: string) => string }

/** In this order: the first that fits an error's name, code or message. */
const RULES: Rule[] = [
  {
    code: 'relay-refused-connection',
    matches: /ECONNREFUSED/,
    message: (address) =>
      `nothing listens at ${address}: is the relay running, and is its port right?`
  },
  {
    code: 'relay-unknown-host',
    matches: /ENOTFOUND|EAI_AGAIN/,
    message: (address) =>
      `the name in ${address} cannot be resolved: check it, or use the relay's IP address`
  },
  {
    code: 'relay-unreachable',
    matches: /ENETUNREACH|EHOSTUNREACH|EADDRNOTAVAIL|EINVAL/,
    message: (address) =>
      `there is no way from here to ${address}: check the address and this machine's network`
  },
  {
    code: 'relay-other-peer',
    matches: /identity key|UnexpectedPeer|does not match expected/i,
    message: (address) =>
      `another peer than the one named answers at ${address}: copy the address that the relay prints now, or leave out its /p2p/… to take whichever relay answers there`
  },
  {
    code: 'relay-timeout',
    matches: /Timeout|timed out|ETIMEDOUT|AbortError|aborted|called off/i,
    message: (address) =>
      `${address} does not answer: check the address, and that a firewall lets its port through`
  },
  {
    code: 'relay-not-libp2p',
    matches: /EncryptionFailed|ECONNRESET|StreamReset|UnexpectedEOF|unexpected end|closed/i,
    message: (address) => `what answers at ${address} does not speak libp2p: check the port`
  }
]

const FAULTS: Record<ReservationFault, { code: string; message: (address: string) => string }> = {
  'no-hop': {
    code: 'relay-no-hop',
    message: (address) => `the peer at ${address} is no relay: it does not speak circuit relay v2`
  },
  'no-answer': {
    code: 'relay-no-answer',
    message: (address) =>
      `the relay at ${address} accepts connections but does not answer a reservation: try again later or another one, or ask who runs it`
  },
  'broken-off': {
    code: 'relay-broken-off',
    message: (address) =>
      `the relay at ${address} ended the talk when it was asked for a reservation: it may be stopping or closed to you; try another one or ask who runs it`
  },
  garbage: {
    code: 'relay-garbage',
    message: (address) =>
      `the relay at ${address} answers a reservation with what nobody can read: try another one or ask who runs it`
  },
  'wrong-voucher': {
    code: 'relay-wrong-voucher',
    message: (address) =>
      `the relay at ${address} grants a reservation with a voucher that is not its own or not for this peer: do not use it before who runs it has explained that`
  }
}

export interface RefusedUs {
  status: number | undefined
  /** What it made of our secrets, where it does not let us in. */
  secret?: SecretVerdict
  /** It is one that asks for a secret. */
  wantsSecret: boolean
  /** Our peer id. */
  self: string
}

/** It has answered, and the answer is no. */
export function refusal(address: string, refused: RefusedUs): RelayFailure {
  const { status, secret } = refused
  const reason = circuitStatusName(status)
  if (status === CircuitStatus.PERMISSION_DENIED && secret !== 'unclear') {
    return notLetIn(address, refused)
  }
  return {
    code: 'relay-refused',
    message: `the relay at ${address} refused a reservation (${reason}): it may be full or closed to you; try another one or ask who runs it`
  }
}

function notLetIn(address: string, { secret, wantsSecret, self }: RefusedUs): RelayFailure {
  const relay = `the relay at ${address}`
  if (secret === 'wrong') {
    const message = `${relay} does not take the secret that it was given: ask who runs it for the one in force`
    return { code: 'relay-wrong-secret', message }
  }
  if (secret === 'too-many-tries') {
    const message = `${relay} has been given too many wrong secrets from your network, and looks at none for a while`
    return { code: 'relay-too-many-secrets', message }
  }
  if (wantsSecret) {
    const message = `${relay} wants a secret: give it with ${SECRET_VARIABLE} or --secret-file`
    return { code: 'relay-wants-secret', message }
  }
  const message = `${relay} is closed to this peer: ask who runs it to let ${self} in`
  return { code: 'relay-closed', message }
}

export function relayFailure(address: string, error: unknown): RelayFailure {
  if (error instanceof ReservationError) {
    const { code, message } = FAULTS[error.fault]
    return { code, message: message(address) }
  }
  const text = everyText(error)
  const rule = RULES.find(({ matches }) => matches.test(text))
  if (rule !== undefined) return { code: rule.code, message: rule.message(address) }
  const message = error instanceof Error ? error.message : String(error)
  return {
    code: 'relay-failed',
    message: `the relay at ${address} cannot be used: ${firstLine(message)}`
  }
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? text
}

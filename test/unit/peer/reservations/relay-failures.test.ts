// Errors as the network and the library raise them, and the one sentence that each becomes.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  refusal,
  relayFailure,
  type RefusedUs
} from '../../../../peer/reservations/relay-failures.ts'
import { ReservationError } from '../../../../peer/reservations/reservation-error.ts'
import { CircuitStatus } from '../../../../shared/wire/circuit.ts'

const AT = '/ip4/7.7.7.9/tcp/45678/p2p/12D3KooWEHUQf4tPKh6TeSX5WdAhMP5xmtLXQDAeWrfUW8TLKvvv'
const SELF = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'

interface Raised {
  name?: string
  code?: string | number
}

function raised(message: string, { name = 'Error', code }: Raised = {}, cause?: unknown): Error {
  const error = new Error(message, cause === undefined ? undefined : { cause })
  return Object.assign(error, { name }, code === undefined ? {} : { code })
}

const encryption = (message: string): Error => raised(message, { name: 'EncryptionFailedError' })

const CASES: Array<{ what: string; error: unknown; code: string; message: string }> = [
  {
    what: 'a port that is closed',
    error: raised('connection error 7.7.7.9:45678: connect ECONNREFUSED', { code: 'ECONNREFUSED' }),
    code: 'relay-refused-connection',
    message: `nothing listens at ${AT}: is the relay running, and is its port right?`
  },
  {
    what: 'one of several tries at a port that is closed',
    error: new AggregateError([raised('connect', { code: 'ECONNREFUSED' })], 'All dials failed'),
    code: 'relay-refused-connection',
    message: `nothing listens at ${AT}: is the relay running, and is its port right?`
  },
  ...(['ENOTFOUND', 'EAI_AGAIN'] as const).map((code) => ({
    what: `a name that does not resolve (${code})`,
    error: raised(`getaddrinfo ${code} relay.example`, { code }),
    code: 'relay-unknown-host',
    message: `the name in ${AT} cannot be resolved: check it, or use the relay's IP address`
  })),
  ...(['ENETUNREACH', 'EHOSTUNREACH'] as const).map((code) => ({
    what: `a network without a way (${code})`,
    error: raised(`connect ${code} 7.7.7.9:45678`, { code }),
    code: 'relay-unreachable',
    message: `there is no way from here to ${AT}: check the address and this machine's network`
  })),
  {
    what: 'another identity',
    error: encryption(
      'Payload identity key 12D3KooWA does not match expected remote identity key 12D3KooWB'
    ),
    code: 'relay-other-peer',
    message: `another peer than the one named answers at ${AT}: copy the address that the relay prints now, or leave out its /p2p/… to take whichever relay answers there`
  },
  ...[
    raised('The operation was aborted due to timeout', { name: 'TimeoutError', code: 23 }),
    encryption('The operation was aborted due to timeout'),
    encryption('the dial was called off'),
    raised('connect ETIMEDOUT 7.7.7.9:45678', { code: 'ETIMEDOUT' })
  ].map((error) => ({
    what: `silence (${error.name}: ${error.message})`,
    error,
    code: 'relay-timeout',
    message: `${AT} does not answer: check the address, and that a firewall lets its port through`
  })),
  {
    what: 'a reservation that is not answered',
    error: new ReservationError('no-answer', 'no answer to a reservation in time'),
    code: 'relay-no-answer',
    message: `the relay at ${AT} accepts connections but does not answer a reservation: try again later or another one, or ask who runs it`
  },
  {
    what: 'a peer that is no relay',
    error: new ReservationError('no-hop', 'Protocol selection failed'),
    code: 'relay-no-hop',
    message: `the peer at ${AT} is no relay: it does not speak circuit relay v2`
  },
  {
    what: 'a reservation that is broken off',
    error: new ReservationError('broken-off', 'stream reset'),
    code: 'relay-broken-off',
    message: `the relay at ${AT} ended the talk when it was asked for a reservation: it may be stopping or closed to you; try another one or ask who runs it`
  },
  {
    what: 'an answer that nobody can read',
    error: new ReservationError('garbage', 'a malformed HOP message'),
    code: 'relay-garbage',
    message: `the relay at ${AT} answers a reservation with what nobody can read: try another one or ask who runs it`
  },
  {
    what: 'a voucher of somebody else',
    error: new ReservationError('wrong-voucher', 'the voucher is for another peer'),
    code: 'relay-wrong-voucher',
    message: `the relay at ${AT} grants a reservation with a voucher that is not its own or not for this peer: do not use it before who runs it has explained that`
  },
  ...[
    encryption('the remote does not speak /noise'),
    encryption('Unexpected EOF - stream closed while reading 0/1 bytes'),
    encryption('handshake stage 1 validation fail: message is not long enough'),
    raised('read ECONNRESET', { code: 'ECONNRESET' })
  ].map((error) => ({
    what: `something else that answers (${error.message})`,
    error,
    code: 'relay-not-libp2p',
    message: `what answers at ${AT} does not speak libp2p: check the port`
  })),
  {
    what: 'what nobody has thought of, by its first line',
    error: raised('the moon is in the wrong house\n  at some/file.ts:12'),
    code: 'relay-failed',
    message: `the relay at ${AT} cannot be used: the moon is in the wrong house`
  },
  {
    what: 'what is no error at all',
    error: 'a string',
    code: 'relay-failed',
    message: `the relay at ${AT} cannot be used: a string`
  }
]

describe('a failure on the way to a relay', () => {
  for (const { what, error, code, message } of CASES) {
    it(`names ${what}`, () => {
      assert.deepEqual(relayFailure(AT, error), { code, message })
    })
  }

  it('names a reservation that is refused', () => {
    const { RESERVATION_REFUSED: status } = CircuitStatus
    assert.deepEqual(refusal(AT, { status, wantsSecret: true, self: SELF }), {
      code: 'relay-refused',
      message: `the relay at ${AT} refused a reservation (RESERVATION_REFUSED): it may be full or closed to you; try another one or ask who runs it`
    })
  })

  const { PERMISSION_DENIED } = CircuitStatus
  const SHUT: Array<[what: string, refused: Partial<RefusedUs>, code: string, message: string]> = [
    [
      'a relay that wants a secret of us',
      { secret: 'unwanted', wantsSecret: true },
      'relay-wants-secret',
      `the relay at ${AT} wants a secret: give it with PARLEY_SECRET or --secret-file`
    ],
    [
      'a secret that is wrong',
      { secret: 'wrong', wantsSecret: true },
      'relay-wrong-secret',
      `the relay at ${AT} does not take the secret that it was given: ask who runs it for the one in force`
    ],
    [
      'too many wrong secrets',
      { secret: 'too-many-tries', wantsSecret: true },
      'relay-too-many-secrets',
      `the relay at ${AT} has been given too many wrong secrets from your network, and looks at none for a while`
    ],
    [
      'a relay that lets in whom it knows, and asks for no secret',
      { secret: 'unwanted' },
      'relay-closed',
      `the relay at ${AT} is closed to this peer: ask who runs it to let ${SELF} in`
    ],
    [
      'a relay that has not said what it makes of our secret',
      { secret: 'unclear', wantsSecret: true },
      'relay-refused',
      `the relay at ${AT} refused a reservation (PERMISSION_DENIED): it may be full or closed to you; try another one or ask who runs it`
    ]
  ]
  for (const [what, refused, code, message] of SHUT) {
    it(`names ${what}`, () => {
      const denied = { status: PERMISSION_DENIED, wantsSecret: false, self: SELF, ...refused }
      assert.deepEqual(refusal(AT, denied), { code, message })
    })
  }

  it('is told in one line, however errors are nested, and ends', () => {
    const loop = raised('first\nsecond')
    Object.assign(loop, { cause: loop })
    assert.doesNotMatch(relayFailure(AT, loop).message, /\n/)
  })
})

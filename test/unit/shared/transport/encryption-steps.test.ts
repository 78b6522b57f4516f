// How a connection comes to its encryption: what is proposed, what is answered, and what an end of it is called.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ConnectionEncrypter, MessageStream, SecuredConnection } from '@libp2p/interface'
import { streamPair } from '@libp2p/utils'
import { encryptionSteps } from '../../../../shared/transport/encryption-steps.ts'
import {
  encodeLine,
  isReceiver,
  MULTISTREAM,
  proposal
} from '../../../../shared/transport/multistream-answer.ts'
import { collect } from '../../../support/noise-pair.ts'

const PROTOCOL = '/test/1.0.0'

/** The library's names of them. */
const INBOUND = '_encryptInbound'
const OUTBOUND = '_encryptOutbound'

type Step = (connection: MessageStream, options: object) => Promise<SecuredConnection>

interface Steps {
  inbound: Step
  outbound: Step
  /** Connections that the encrypter was handed. */
  secured: MessageStream[]
}

const unset: Step = () => assert.fail('the step of the library')

/** With an encrypter whose dialler says hello, and that never ends. */
function steps(): Steps {
  const secured: MessageStream[] = []
  const secure = async (connection: MessageStream): Promise<never> => {
    secured.push(connection)
    return new Promise((_resolve, reject) =>
      connection.addEventListener('close', ({ error }) => reject(error ?? new Error('closed')))
    )
  }
  const encrypter: ConnectionEncrypter = {
    protocol: PROTOCOL,
    secureInbound: secure,
    secureOutbound: async (connection) => {
      const handshake = secure(connection)
      connection.send(Buffer.from('hello'))
      connection.send(Buffer.from(' again'))
      return handshake
    }
  }
  const upgrader = {
    [INBOUND]: unset,
    [OUTBOUND]: unset,
    getConnectionEncrypters: () => new Map([[PROTOCOL, encrypter]])
  }
  encryptionSteps()({ upgrader })
  return { inbound: upgrader[INBOUND], outbound: upgrader[OUTBOUND], secured }
}

describe('who dials', () => {
  it('proposes and begins in one message, and reads what comes behind the answer', async () => {
    const { outbound } = steps()
    const [near, far] = await streamPair()
    const sent: number[] = []
    far.addEventListener('message', ({ data }) => sent.push(data.byteLength))
    const { bytes } = collect(far)
    const ended = assert.rejects(outbound(near, {}), { name: 'EncryptionFailedError' })
    const first = Buffer.concat([proposal(PROTOCOL), Buffer.from('hello')])
    assert.ok(isReceiver(near))
    const answer = Buffer.concat([proposal(PROTOCOL), Buffer.from('hi')])
    near.onData(answer.subarray(0, 25))
    near.onData(answer.subarray(25))
    assert.equal(Buffer.from(near.readBuffer?.subarray() ?? []).toString(), 'hi')
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(sent[0], first.byteLength)
    assert.deepEqual(bytes(), Buffer.concat([first, Buffer.from(' again')]))
    near.abort(new Error('over'))
    await ended
  })

  it('ends at an answer that is none', async () => {
    const { outbound } = steps()
    const [near] = await streamPair()
    const ended = assert.rejects(outbound(near, {}), {
      name: 'EncryptionFailedError',
      message: `the remote does not speak ${PROTOCOL}`
    })
    assert.ok(isReceiver(near))
    near.onData(Buffer.from('SSH-2.0-OpenSSH_9.2\r\n'))
    await ended
  })
})

describe('who is dialled', () => {
  it('answers, and then takes part in the handshake', async () => {
    const { inbound, secured } = steps()
    const [near, far] = await streamPair()
    const { bytes } = collect(near)
    const ended = assert.rejects(inbound(far, {}), { name: 'EncryptionFailedError' })
    assert.ok(isReceiver(far))
    far.onData(Buffer.concat([proposal('/none'), encodeLine(PROTOCOL)]))
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(bytes(), Buffer.concat([MULTISTREAM, 'na', PROTOCOL].map(encodeLine)))
    assert.deepEqual(secured, [far])
    far.abort(new Error('over'))
    await ended
  })

  it('holds the answer that agrees until the end of the turn, for the handshake to go with it, and no refusal', async () => {
    const { inbound } = steps()
    const [near, far] = await streamPair()
    const { bytes } = collect(near)
    const calls: string[] = []
    const socket = { cork: () => calls.push('cork'), uncork: () => calls.push('uncork') }
    const ended = assert.rejects(inbound(Object.assign(far, { socket }), {}))
    assert.ok(isReceiver(far))
    far.onData(proposal('/none'))
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(bytes(), Buffer.concat([MULTISTREAM, 'na'].map(encodeLine)))
    assert.deepEqual(calls, [])
    far.onData(encodeLine(PROTOCOL))
    assert.deepEqual(calls, ['cork'])
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(calls, ['cork', 'uncork'])
    far.abort(new Error('over'))
    await ended
  })

  it('waits for a proposal no longer than it may', async () => {
    const { inbound, secured } = steps()
    const [, far] = await streamPair()
    const late = new AbortController()
    const ended = assert.rejects(inbound(far, { signal: late.signal }), { message: 'too late' })
    late.abort(new Error('too late'))
    await ended
    assert.deepEqual(secured, [])
  })
})

// The proof of a secret on a scripted stream: what a relay may answer, and what it is taken for.
import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { describe, it } from 'node:test'
import { UnsupportedProtocolError, type Stream } from '@libp2p/interface'
import { lpStream, streamPair, type LengthPrefixedStream } from '@libp2p/utils'
import { proveSecret, type SecretVerdict } from '../../../../peer/reservations/secret-proof.ts'
import { provenSecret } from '../../../../shared/access-proof.ts'
import {
  AccessStatus,
  decodeProof,
  encodeChallenge,
  encodeVerdict,
  type AccessProof
} from '../../../../shared/wire/access.ts'
import { somebody } from '../../../support/somebody.ts'

const secretOf = (text: string) => createSecretKey(Buffer.from(text))
const SECRETS = [secretOf('correct horse battery'), secretOf('a secret that is newer')]
const NONCE = new Uint8Array(32).fill(5)
const self = await somebody()
const relay = await somebody()

type Script = (frames: LengthPrefixedStream<Stream>, stream: Stream) => Promise<unknown>

/** Proves something to a relay that does what the script says with its end of the stream. */
async function proving(script: Script, options: { signal?: AbortSignal } = {}) {
  const [ours, theirs] = await streamPair()
  const connection = { remotePeer: relay, newStream: async () => ours }
  void script(lpStream(theirs), theirs).catch(() => undefined)
  const signal = options.signal ?? new AbortController().signal
  return proveSecret(connection, { self, secrets: SECRETS, signal })
}

const verdictOf = async (script: Script): Promise<SecretVerdict> => (await proving(script)).verdict

/** Asks for a proof and answers it. */
const answering =
  (status: number, onProof: (proof: AccessProof) => void = () => {}): Script =>
  async (frames) => {
    await frames.write(encodeChallenge(NONCE))
    onProof(decodeProof((await frames.read()).subarray()))
    await frames.write(encodeVerdict(status))
  }

const noStream = async (): Promise<Stream> => assert.fail('a stream was opened')

const unsupported = async (): Promise<Stream> => {
  throw new UnsupportedProtocolError('no')
}

describe('the proof of a secret', () => {
  it('is one of each secret, for this relay, this peer and both nonces', async () => {
    const heard = Promise.withResolvers<AccessProof>()
    assert.equal(await verdictOf(answering(AccessStatus.OK, heard.resolve)), 'proven')
    const { nonce: peerNonce, macs } = await heard.promise
    assert.equal(macs.length, 2)
    const transcript = {
      relay: relay.toMultihash().bytes,
      peer: self.toMultihash().bytes,
      relayNonce: NONCE,
      peerNonce
    }
    for (const secret of SECRETS) assert.equal(provenSecret([secret], macs, transcript), secret)
  })

  it('has another nonce each time, though the challenge is the same', async () => {
    const nonces = new Set<string>()
    for (let times = 0; times < 3; times++) {
      const note = ({ nonce }: AccessProof): void => void nonces.add(nonce.join())
      await verdictOf(answering(AccessStatus.OK, note))
    }
    assert.equal(nonces.size, 3)
  })

  it('does not wait for the verdict', async () => {
    const { promise: whenever, resolve: now } = Promise.withResolvers<void>()
    const { verdict } = await proving(async (frames) => {
      await frames.write(encodeChallenge(NONCE))
      await frames.read()
      await whenever
      await frames.write(encodeVerdict(AccessStatus.WRONG_SECRET))
    })
    now()
    assert.equal(await verdict, 'wrong')
  })

  it('is sent to nobody by who has no secret', async () => {
    const { signal } = new AbortController()
    const closed = { remotePeer: relay, newStream: noStream }
    const proof = await proveSecret(closed, { self, secrets: [], signal })
    assert.equal(await proof.verdict, 'unwanted')
  })

  it('is unwanted by who does not speak the protocol', async () => {
    const { signal } = new AbortController()
    const mute = { remotePeer: relay, newStream: unsupported }
    const { verdict } = await proveSecret(mute, { self, secrets: SECRETS, signal })
    assert.equal(await verdict, 'unwanted')
  })

  const ANSWERS: Array<[what: string, verdict: SecretVerdict, script: Script]> = [
    ['too many tries', 'too-many-tries', answering(AccessStatus.TOO_MANY_TRIES)],
    ['a verdict that nobody knows', 'unclear', answering(777)],
    ['garbage', 'unclear', (frames) => frames.write(Uint8Array.of(255, 255, 255))],
    [
      'a nonce that is short',
      'unclear',
      (frames) => frames.write(encodeChallenge(NONCE.subarray(1)))
    ],
    ['too much', 'unclear', (frames) => frames.write(new Uint8Array(2000))],
    [
      'a length that never ends',
      'unclear',
      async (_, stream) => stream.send(new Uint8Array(9).fill(0x80))
    ],
    ['a reset', 'unclear', async (_, stream) => stream.abort(new Error('no'))],
    ['the end', 'unclear', async (_, stream) => stream.close()]
  ]
  for (const [what, verdict, script] of ANSWERS) {
    it(`that is answered with ${what} is ${verdict}`, async () => {
      assert.equal(await verdictOf(script), verdict)
    })
  }

  it('that is not answered ends with the signal', async () => {
    const stop = new AbortController()
    const proof = proving(async () => stop.abort(new Error('enough')), { signal: stop.signal })
    await assert.rejects(proof, /enough/)
  })

  it('that is not answered ends by itself', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const waited = verdictOf(async () => {})
    const done = waited.finally(() => clearInterval(ticking))
    const ticking = setInterval(() => t.mock.timers.tick(1000), 1)
    assert.equal(await done, 'unclear')
  })
})

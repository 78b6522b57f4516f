// Handshakes and data between our Noise and the library's, in each role.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { noise } from '@chainsafe/libp2p-noise'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type {
  ConnectionEncrypter,
  MessageStream,
  PeerId,
  SecuredConnection,
  Upgrader
} from '@libp2p/interface'
import { defaultLogger } from '@libp2p/logger'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { swiftNoise } from '../../../../shared/transport/swift-noise.ts'

type Factory = ReturnType<typeof swiftNoise>

const unused = (): never => assert.fail('not part of a handshake')
const upgrader: Upgrader = {
  getStreamMuxers: () => new Map(),
  getConnectionEncrypters: unused,
  createInboundAbortSignal: unused,
  upgradeInbound: unused,
  upgradeOutbound: unused
}

async function side(factory: Factory): Promise<{ id: PeerId; encrypter: ConnectionEncrypter }> {
  const privateKey = await generateKeyPair('Ed25519')
  const peerId = peerIdFromPrivateKey(privateKey)
  return {
    id: peerId,
    encrypter: factory({ peerId, privateKey, logger: defaultLogger(), upgrader })
  }
}

async function secure(
  dialler: ConnectionEncrypter,
  listener: ConnectionEncrypter,
  remotePeer: PeerId
): Promise<[SecuredConnection, SecuredConnection]> {
  const [near, far] = multiaddrConnectionPair({ delay: 0 })
  const signal = AbortSignal.timeout(5000)
  return Promise.all([
    dialler.secureOutbound(near, { signal, remotePeer }),
    listener.secureInbound(far, { signal })
  ])
}

async function passes(from: MessageStream, to: MessageStream, sent: Buffer): Promise<void> {
  const arrived = Promise.withResolvers<void>()
  let received = Buffer.alloc(0)
  to.addEventListener('message', ({ data }) => {
    received = Buffer.concat([received, data.subarray()])
    if (received.byteLength >= sent.byteLength) arrived.resolve()
  })
  to.addEventListener('close', ({ error }) => arrived.reject(error ?? new Error('closed')))
  from.send(sent)
  await arrived.promise
  assert.ok(received.equals(sent))
}

const [ours, stock]: [Factory, Factory] = [swiftNoise(), noise()]

describe('Noise made swift', () => {
  for (const [name, dials, listens] of [
    ['ours dials the library', ours, stock],
    ['the library dials ours', stock, ours],
    ['ours dials ours', ours, ours]
  ] as const) {
    it(`agrees with who is there, and passes bytes both ways: ${name}`, async () => {
      const [a, b] = [await side(dials), await side(listens)]
      const [near, far] = await secure(a.encrypter, b.encrypter, b.id)
      assert.ok(near.remotePeer?.equals(b.id))
      assert.ok(far.remotePeer?.equals(a.id))
      for (const size of [1, 1000, 200_000]) {
        await passes(near.connection, far.connection, randomBytes(size))
        await passes(far.connection, near.connection, randomBytes(size))
      }
    })
  }

  it('refuses somebody else than was dialled', async () => {
    const [a, b, c] = [await side(ours), await side(ours), await side(ours)]
    await assert.rejects(secure(a.encrypter, b.encrypter, c.id))
  })
})

// Peers that try to get into a relay which is not for everybody: with secrets, without, and with proofs made by hand.
import { createSecretKey } from 'node:crypto'
import type { TestContext } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Connection, PrivateKey } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { proveSecret, type SecretVerdict } from '../../peer/reservations/secret-proof.ts'
import type { Secret } from '../../shared/secrets.ts'
import {
  ACCESS_PROTOCOL,
  decodeChallenge,
  decodeVerdict,
  encodeProof,
  type AccessProof
} from '../../shared/wire/access.ts'
import { patience, reserveRequest } from './raw-circuit.ts'
import { rendezvousGuest, type RendezvousGuest } from './rendezvous-guest.ts'
import { statusOf, type Guest } from './relay-guests.ts'
import type { RelayScene } from './relay-scene.ts'

export const secretOf = (text: string): Secret => createSecretKey(Buffer.from(text))

export interface Visitor extends Guest {
  key: PrivateKey
  rooms: RendezvousGuest
  /** Of a request for a reservation. */
  reserve: () => Promise<number | undefined>
  prove: (...secrets: Secret[]) => Promise<SecretVerdict>
}

/** Connected to the relay, and not yet let in. */
export async function visitor(
  test: TestContext,
  scene: Pick<RelayScene, 'address' | 'plainPeer'>,
  key?: PrivateKey
): Promise<Visitor> {
  const ownKey = key ?? (await generateKeyPair('Ed25519'))
  const node = await scene.plainPeer(ownKey)
  const toRelay = await node.dial(scene.address, { signal: patience() })
  const guest = { node, id: node.peerId.toString(), toRelay }
  return {
    ...guest,
    key: ownKey,
    rooms: await rendezvousGuest(test, toRelay, ownKey),
    reserve: async () => statusOf(guest, reserveRequest()),
    prove: async (...secrets) => {
      const options = { self: node.peerId, secrets, signal: patience() }
      return (await proveSecret(toRelay, options)).verdict
    }
  }
}

/** Answers a challenge with whatever `answer` makes of it; resolves with the status of the verdict. */
export async function proveByHand(
  connection: Connection,
  answer: (challenge: Uint8Array) => AccessProof | Promise<AccessProof>
): Promise<number> {
  const options = { signal: patience() }
  const stream = await connection.newStream(ACCESS_PROTOCOL, options)
  const frames = lpStream(stream)
  const proof = await answer(decodeChallenge((await frames.read(options)).subarray()))
  await frames.write(encodeProof(proof), options)
  const status = decodeVerdict((await frames.read(options)).subarray())
  await stream.close(options)
  return status
}

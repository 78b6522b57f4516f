// What a peer tells of itself to whoever asks, as go and js do: with a signed record, which the relay has to verify.
import { publicKeyToProtobuf } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { writer } from 'protons-runtime'
import { sealRecord } from '../../shared/signed-record.ts'
import { STOP_PROTOCOL } from '../../shared/wire/circuit.ts'

export const IDENTIFY_PROTOCOL = '/ipfs/id/1.0.0'

/** Field numbers of the Identify message, in the wire's form: number and type. */
const PUBLIC_KEY = (1 << 3) | 2
const LISTEN_ADDRESS = (2 << 3) | 2
const PROTOCOL = (3 << 3) | 2
const SIGNED_RECORD = (8 << 3) | 2

/** A peer has some addresses and speaks some protocols; nobody dials these. */
const ADDRESSES = ['/ip4/192.168.1.23/tcp/45679', '/ip4/10.0.0.5/tcp/45679'].map((each) =>
  multiaddr(each)
)
const PROTOCOLS = [IDENTIFY_PROTOCOL, '/ipfs/ping/1.0.0', STOP_PROTOCOL, '/libp2p/dcutr']

export async function encodeIdentify(privateKey: PrivateKey): Promise<Uint8Array> {
  const record = await sealRecord(privateKey, {
    form: 'standard',
    addresses: ADDRESSES,
    sequence: Date.now(),
    signal: AbortSignal.timeout(10_000)
  })
  const message = writer()
  message.uint32(PUBLIC_KEY).bytes(publicKeyToProtobuf(privateKey.publicKey))
  for (const { bytes } of ADDRESSES) message.uint32(LISTEN_ADDRESS).bytes(bytes)
  for (const protocol of PROTOCOLS) message.uint32(PROTOCOL).string(protocol)
  message.uint32(SIGNED_RECORD).bytes(record)
  return message.finish()
}

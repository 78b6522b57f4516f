// The voucher against literal bytes and against keys that must not pass.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { generateKeyPair, generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { PeerRecord, RecordEnvelope } from '@libp2p/peer-record'
import {
  encodeVoucher,
  openVoucher,
  sealVoucher
} from '../../../../shared/wire/reservation-voucher.ts'

const { signal } = new AbortController()
const relayKey = await generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(1))
const relay = peerIdFromPrivateKey(relayKey)
const peer = peerIdFromPrivateKey(
  await generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(2))
)
const voucher = { relay, peer, expireSeconds: 1_800_000_000 }

// Made by ReservationVoucherRecord of @libp2p/circuit-relay-v2 4.2.13 for the same peers.
const PAYLOAD =
  '0a260024080112208a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c' +
  '1226002408011220' +
  '8139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394' +
  '1880a4a7da06'

describe('the reservation voucher', () => {
  it('has the bytes that other implementations sign', () => {
    assert.equal(Buffer.from(encodeVoucher(voucher)).toString('hex'), PAYLOAD)
  })

  it('is a signed envelope that opens again', async () => {
    const envelope = await sealVoucher(voucher, relayKey, { signal })
    const opened = await openVoucher(envelope, { signal })
    assert.ok(opened.relay.equals(relay))
    assert.ok(opened.peer.equals(peer))
    assert.equal(opened.expireSeconds, voucher.expireSeconds)
    assert.ok(await RecordEnvelope.openAndCertify(envelope, 'libp2p-relay-rsvp'))
  })

  it('is refused when one bit is wrong, when it is cut off, and when it is something else', async () => {
    const named = { name: 'VoucherError' }
    const envelope = await sealVoucher(voucher, relayKey, { signal })
    const flipped = envelope.slice()
    flipped[flipped.length - 1]! ^= 1
    await assert.rejects(openVoucher(flipped, { signal }), named)
    await assert.rejects(openVoucher(envelope.slice(0, 50), { signal }), named)
    const record = await RecordEnvelope.seal(new PeerRecord({ peerId: relay }), relayKey)
    await assert.rejects(openVoucher(record.marshal(), { signal }), named)
  })

  it('is refused when it names a relay that has not signed it', async () => {
    for (const type of ['Ed25519', 'secp256k1'] as const) {
      const forged = await sealVoucher(voucher, await generateKeyPair(type), { signal })
      await assert.rejects(openVoucher(forged, { signal }), { message: /somebody else/ })
    }
  })
})

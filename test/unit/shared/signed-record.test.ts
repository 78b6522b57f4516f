// Signed records in both forms, one of them made by rust-libp2p, and forged ones.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { PeerRecord, RecordEnvelope } from '@libp2p/peer-record'
import { multiaddr } from '@multiformats/multiaddr'
import { openRecord, RECORD_FORMS, sealRecord } from '../../../shared/signed-record.ts'

const signal = new AbortController().signal
const key = await generateKeyPair('Ed25519')
const other = await generateKeyPair('Ed25519')
const self = peerIdFromPrivateKey(key)
const addresses = [multiaddr('/ip4/192.0.2.1/tcp/4001')]

/** Made by rust-libp2p 0.57, PeerRecord::new: the peer, the sequence number and the envelope. */
const RUST = {
  peer: '12D3KooWGoCVhqRRHK16cSbTtW9eMBDNsqu7Qxpy87NpcBchucm1',
  sequence: 1795236956,
  envelope: [
    '0a240801122067b54a4f2bfa705f33d2082cefe4fa5499e6e2c9da88e0895f5c6a687f917464121c2f6c6962',
    '7032702f726f7574696e672d73746174652d7265636f72641a3a0a2600240801122067b54a4f2bfa705f33d2',
    '082cefe4fa5499e6e2c9da88e0895f5c6a687f91746410dcc884d8061a0a0a0804c0000201060fa12a409765',
    'c8accfe502da5c98253cc1c7b3f1e72f356bad7350b39fd76201d2a842c6c1f89e4d2998e669ab76f45aa261',
    '366b103114226a1f02706e268babf50a5f05'
  ].join('')
}

describe('signed records', () => {
  it('opens what rust-libp2p has signed', async () => {
    const record = await openRecord(Buffer.from(RUST.envelope, 'hex'), { signal })
    assert.equal(record.form, 'rust')
    assert.equal(record.peer.toString(), RUST.peer)
    assert.equal(record.sequence, RUST.sequence)
    assert.deepEqual(record.addresses.map(String), addresses.map(String))
  })

  for (const form of RECORD_FORMS) {
    it(`opens what it sealed in the ${form} form`, async () => {
      const bytes = await sealRecord(key, { form, addresses, sequence: 7, signal })
      const record = await openRecord(bytes, { expected: self, signal })
      assert.equal(record.form, form)
      assert.equal(record.sequence, 7)
      assert.ok(record.peer.equals(self))
      assert.deepEqual(record.addresses.map(String), addresses.map(String))
    })

    it(`refuses a record in the ${form} form with one bit changed`, async () => {
      const bytes = await sealRecord(key, { form, addresses, sequence: 7, signal })
      const last = bytes.byteLength - 1
      bytes[last] = (bytes[last] ?? 0) ^ 1
      await assert.rejects(openRecord(bytes, { signal }), /invalid signature/)
    })
  }

  it('opens what the library seals, and seals what the library opens', async () => {
    const theirs = await RecordEnvelope.seal(
      new PeerRecord({ peerId: self, multiaddrs: addresses, seqNumber: 1n }),
      key
    )
    assert.equal((await openRecord(theirs.marshal(), { signal })).form, 'standard')
    const ours = await sealRecord(key, { form: 'standard', addresses, sequence: 1, signal })
    await RecordEnvelope.openAndCertify(ours, PeerRecord.DOMAIN)
  })

  it('refuses a record of another peer than the expected one', async () => {
    const bytes = await sealRecord(other, { form: 'standard', addresses, sequence: 1, signal })
    await assert.rejects(openRecord(bytes, { expected: self, signal }), /signed by another peer/)
  })

  it('refuses a record that its signer made about another peer', async () => {
    const forged = new PeerRecord({ peerId: self, multiaddrs: addresses, seqNumber: 1n })
    const bytes = (await RecordEnvelope.seal(forged, other)).marshal()
    await assert.rejects(openRecord(bytes, { signal }), /about another peer/)
  })

  it('seals no more than 16 addresses', async () => {
    const many = Array.from({ length: 40 }, (_, i) => multiaddr(`/ip4/192.0.2.1/tcp/${i + 1}`))
    const bytes = await sealRecord(key, { form: 'standard', addresses: many, sequence: 1, signal })
    assert.equal((await openRecord(bytes, { signal })).addresses.length, 16)
  })

  it('leaves out addresses that it cannot read, and keeps the others', async () => {
    const odd = multiaddr(addresses[0])
    Object.defineProperty(odd, 'bytes', { value: Uint8Array.from([0xff, 0xff, 0x03, 1]) })
    const bytes = await sealRecord(key, {
      form: 'standard',
      addresses: [odd, ...addresses],
      sequence: 1,
      signal
    })
    const record = await openRecord(bytes, { signal })
    assert.deepEqual(record.addresses.map(String), addresses.map(String))
  })

  it('refuses nothing, noise, and more than 16 KiB', async () => {
    await assert.rejects(openRecord(new Uint8Array(), { signal }), /no signed record/)
    await assert.rejects(openRecord(new Uint8Array(100).fill(7), { signal }), /malformed envelope/)
    await assert.rejects(openRecord(new Uint8Array(16 * 1024 + 1), { signal }), /more than 16384/)
  })
})

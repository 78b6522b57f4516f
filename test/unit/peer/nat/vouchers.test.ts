// What proves that a peer is where it says, and what does not.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PeerId, PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { commitmentOf, type Seen } from '../../../../peer/nat/reflections.ts'
import { MAX_PROOF_AGE_SECONDS, Vouchers } from '../../../../peer/nat/vouchers.ts'
import type { NatProof } from '../../../../shared/wire/nat-report.ts'
import { reflectionStatement } from '../../../../shared/wire/reflect.ts'

const START_SECONDS = 1_790_000_000

const [relayKey, otherRelayKey, oursKey, bobKey, malloryKey] = await Promise.all(
  (['Ed25519', 'secp256k1', 'Ed25519', 'Ed25519', 'Ed25519'] as const).map(async (type) =>
    generateKeyPair(type)
  )
)
const [relay, otherRelay, ours, bob, mallory] = [
  relayKey,
  otherRelayKey,
  oursKey,
  bobKey,
  malloryKey
].map((key) => peerIdFromPrivateKey(key!))

/** As a relay would sign for that peer. */
async function seen(
  key: PrivateKey,
  peer: PeerId,
  { host = '7.7.7.3', unixSeconds = START_SECONDS } = {}
): Promise<Seen> {
  const reflection = { address: multiaddr(`/ip4/${host}/tcp/4001`), unixSeconds }
  const salt = new Uint8Array(16).fill(7)
  const signature = await key.sign(reflectionStatement(commitmentOf(salt, peer), reflection))
  return { reflection: { ...reflection, signature }, salt, localPort: 4001, atMs: undefined }
}

/** What we hold of both relays, and what others show. */
async function ourVouchers(now: { ms: number }): Promise<Vouchers> {
  const vouchers = new Vouchers(() => now.ms)
  vouchers.keep(relay!, relayKey!.publicKey, await seen(relayKey!, ours!))
  return vouchers
}

async function shownBy(key: PrivateKey, peer: PeerId, at = {}): Promise<NatProof[]> {
  const vouchers = new Vouchers(() => 0)
  vouchers.keep(peerIdFromPrivateKey(key), key.publicKey, await seen(key, peer, at))
  return vouchers.proofs
}

describe('proofs of where a peer is', () => {
  it('count when one of our relays has signed them for that peer', async () => {
    const proofs = await shownBy(relayKey!, bob!)
    const address = await (await ourVouchers({ ms: 0 })).provenAddress(proofs, bob!)
    assert.deepEqual(address, { host: '7.7.7.3', port: 4001 })
  })

  it('do not count for another peer: what one shows the other cannot show as its own', async () => {
    const proofs = await shownBy(relayKey!, bob!)
    assert.equal(await (await ourVouchers({ ms: 0 })).provenAddress(proofs, mallory!), undefined)
  })

  it('do not count with another address than was signed', async () => {
    const [proof] = await shownBy(relayKey!, bob!)
    const at = proof!.reflection.findIndex((byte, n, all) => byte === 7 && all[n + 1] === 7)
    const reflection = proof!.reflection.with(at, 9)
    const vouchers = await ourVouchers({ ms: 0 })
    assert.equal(await vouchers.provenAddress([{ ...proof!, reflection }], bob!), undefined)
  })

  it('do not count from a relay that is not ours, nor from one that another has signed for', async () => {
    const vouchers = await ourVouchers({ ms: 0 })
    const [foreign] = await shownBy(otherRelayKey!, bob!)
    const forged = { ...foreign!, relay: relay!.toMultihash().bytes }
    assert.equal(await vouchers.provenAddress([foreign!, forged], bob!), undefined)
  })

  it('are shown for as long as anybody believes them', async () => {
    const now = { ms: 0 }
    const vouchers = await ourVouchers(now)
    now.ms = MAX_PROOF_AGE_SECONDS * 1_000
    assert.equal(vouchers.proofs.length, 1)
    now.ms += 1
    assert.deepEqual(vouchers.proofs, [])
  })

  it('are for an hour by the relay’s clock, whatever ours says', async () => {
    const proofs = await shownBy(relayKey!, bob!)
    const now = { ms: 0 }
    const vouchers = await ourVouchers(now)
    now.ms = (MAX_PROOF_AGE_SECONDS - 1) * 1_000
    assert.ok((await vouchers.provenAddress(proofs, bob!)) !== undefined)
    now.ms = (MAX_PROOF_AGE_SECONDS + 1) * 1_000
    assert.equal(await vouchers.provenAddress(proofs, bob!), undefined)
    const late = { unixSeconds: START_SECONDS + 2 * MAX_PROOF_AGE_SECONDS + 2 }
    assert.equal(
      await vouchers.provenAddress(await shownBy(relayKey!, bob!, late), bob!),
      undefined
    )
  })

  it('are nothing when they are garbage, also to a relay whose key takes no such signature', async () => {
    const vouchers = new Vouchers(() => 0)
    vouchers.keep(otherRelay!, otherRelayKey!.publicKey, await seen(otherRelayKey!, ours!))
    const [proof] = await shownBy(relayKey!, bob!)
    const theirs = otherRelay!.toMultihash().bytes
    for (const garbage of [
      { ...proof!, relay: theirs },
      { ...proof!, relay: theirs, reflection: new Uint8Array() },
      { ...proof!, relay: theirs, reflection: new Uint8Array(600).fill(255) },
      { relay: new Uint8Array([1, 2, 3]), salt: new Uint8Array(), reflection: new Uint8Array() }
    ]) {
      assert.equal(await vouchers.provenAddress([garbage], bob!), undefined)
    }
  })
})

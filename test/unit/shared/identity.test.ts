// Key files: made once, read ever after, never replaced.
import assert from 'node:assert/strict'
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { generateKeyPair, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { UserError } from '../../../shared/errors.ts'
import { loadOrCreateIdentity } from '../../../shared/identity.ts'
import { asRoot, scratchFolder } from '../../support/scratch.ts'
import { EXCUSED } from '../../support/left-out.ts'

/** Type 1 (ed25519), 64 bytes: the private key of 32 zeros and its public key, as go and rust write it. */
const ZERO_KEY = Buffer.from(
  `08011240${'00'.repeat(32)}3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29`,
  'hex'
)
const ZERO_PEER = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'

const writeKey = (file: string, bytes: Uint8Array | string, mode = 0o600): void => {
  writeFileSync(file, bytes)
  chmodSync(file, mode)
}

async function complaint(file: string): Promise<string> {
  const error = await loadOrCreateIdentity(file).then(
    () => assert.fail(`${file} was accepted`),
    (reason: unknown) => reason
  )
  assert.ok(error instanceof UserError, String(error))
  assert.equal(error.exitCode, 1)
  assert.ok(error.message.includes(file), error.message)
  assert.doesNotMatch(error.message, /\n|\. /, 'one sentence')
  return error.message
}

describe('a key file that is not there', () => {
  it('is made, with its folders, for its owner alone', async (test) => {
    const folder = join(scratchFolder(test), 'state', 'parley')
    const file = join(folder, 'peer.key')
    const key = await loadOrCreateIdentity(file)
    assert.equal(key.type, 'Ed25519')
    assert.equal(statSync(file).mode & 0o777, 0o600)
    assert.equal(statSync(folder).mode & 0o777, 0o700)
    assert.deepEqual(readdirSync(folder), ['peer.key'])
    assert.deepEqual(readFileSync(file), Buffer.from(privateKeyToProtobuf(key)))
    assert.ok((await loadOrCreateIdentity(file)).equals(key))
  })

  it('is made once, however many ask for it at the same time', async (test) => {
    const folder = scratchFolder(test)
    const file = join(folder, 'peer.key')
    const keys = await Promise.all(Array.from({ length: 20 }, () => loadOrCreateIdentity(file)))
    assert.equal(new Set(keys.map((key) => key.publicKey.toString())).size, 1)
    assert.deepEqual(readdirSync(folder), ['peer.key'])
  })

  it('is not made through a link that leads nowhere', async (test) => {
    const file = join(scratchFolder(test), 'peer.key')
    symlinkSync('/nowhere/at/all', file)
    assert.match(await complaint(file), /a link that leads nowhere/)
  })

  it('cannot be made below a file', async (test) => {
    const folder = scratchFolder(test)
    writeFileSync(join(folder, 'file'), '')
    assert.match(await complaint(join(folder, 'file', 'peer.key')), /is not a folder/)
    assert.match(await complaint(join(folder, 'file', 'deeper', 'peer.key')), /is not a folder/)
  })

  it(
    'cannot be made in a folder that is not writable',
    { skip: asRoot && EXCUSED.asRoot },
    async (test) => {
      const folder = scratchFolder(test)
      chmodSync(folder, 0o500)
      assert.match(await complaint(join(folder, 'peer.key')), /folder is not writable/)
      assert.match(await complaint(join(folder, 'deeper', 'peer.key')), /folder is not writable/)
    }
  )
})

describe('a key file that is there', () => {
  it('is read when another implementation wrote it', async (test) => {
    const file = join(scratchFolder(test), 'peer.key')
    writeKey(file, ZERO_KEY)
    assert.equal((await loadOrCreateIdentity(file)).publicKey.toString(), ZERO_PEER)
  })

  it('may hold another kind of key, and be read-only', async (test) => {
    const file = join(scratchFolder(test), 'peer.key')
    const key = await generateKeyPair('secp256k1')
    writeKey(file, privateKeyToProtobuf(key), 0o400)
    assert.ok((await loadOrCreateIdentity(file)).equals(key))
  })

  const UNUSABLE: Array<[what: string, bytes: Uint8Array | string, mode: number, words: RegExp]> = [
    ['empty', '', 0o600, /is empty: restore it/],
    ['corrupt', ZERO_KEY.subarray(0, 40), 0o600, /does not hold a libp2p private key/],
    ['full of something else', '-----BEGIN PRIVATE KEY-----\n', 0o600, /does not hold a libp2p/],
    ['far too large', Buffer.alloc(1_000_000, 8), 0o600, /does not hold a libp2p private key/],
    ['readable by its group', ZERO_KEY, 0o640, /run "chmod 600 /],
    ['readable by everybody', ZERO_KEY, 0o604, /run "chmod 600 /],
    ['writable by others', ZERO_KEY, 0o602, /run "chmod 600 /]
  ]
  for (const [what, bytes, mode, words] of UNUSABLE) {
    it(`is reported and kept when it is ${what}`, async (test) => {
      const folder = scratchFolder(test)
      const file = join(folder, 'peer.key')
      writeKey(file, bytes, mode)
      assert.match(await complaint(file), words)
      assert.deepEqual(readFileSync(file), Buffer.from(bytes))
      assert.equal(statSync(file).mode & 0o777, mode)
      assert.deepEqual(readdirSync(folder), ['peer.key'])
    })
  }

  it(
    'is reported and kept when it cannot be read',
    { skip: asRoot && EXCUSED.asRoot },
    async (test) => {
      const file = join(scratchFolder(test), 'peer.key')
      writeKey(file, ZERO_KEY, 0o200)
      assert.match(await complaint(file), /cannot read .*: permission denied/)
    }
  )

  it('is reported when it is a folder or a device', async (test) => {
    const folder = join(scratchFolder(test), 'peer.key')
    mkdirSync(folder)
    assert.match(await complaint(folder), /is a folder: name a file in it/)
    assert.match(await complaint('/dev/null'), /is not a regular file/)
  })
})

// The identity of a node: a private key in a file of mode 0600, in libp2p's protobuf encoding, which go and
// rust tools read and write too. A file that cannot be used is reported and kept, never overwritten.
import type { Stats } from 'node:fs'
import { platform as hostPlatform } from 'node:os'
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { UserError } from './errors.ts'
import { identityFileError } from './identity-errors.ts'
import { readBounded } from './read-bounded.ts'
import { writeNewFile } from './write-new-file.ts'

/** An RSA key of 8,192 bits takes about 4.7 kB; nothing larger is a key. */
const MAX_KEY_FILE_BYTES = 8192

const OPEN_TO_OTHERS = 0o077

/** The key in `file`, made (ed25519) when there is no such file. Throws a UserError that names the file and what to do. */
export async function loadOrCreateIdentity(file: string): Promise<PrivateKey> {
  const existing = await load(file)
  if (existing !== undefined) return existing
  const created = await generateKeyPair('Ed25519')
  if (await createFile(file, privateKeyToProtobuf(created))) return created
  const winner = await load(file)
  if (winner !== undefined) return winner
  throw new UserError(
    'identity-dangling',
    `cannot create the key file ${file}: it is a link that leads nowhere, so remove it or create the folder it points to`
  )
}

async function load(file: string): Promise<PrivateKey | undefined> {
  const check = (stats: Stats): void => checkFile(file, stats)
  const bytes = await readBounded(file, MAX_KEY_FILE_BYTES + 1, check).catch((error: unknown) => {
    throw identityFileError(file, 'read', error)
  })
  if (bytes === undefined) return undefined
  if (bytes.length === 0) {
    throw new UserError(
      'identity-empty',
      `the key file ${file} is empty: restore it from a copy, or delete it to get a new identity`
    )
  }
  try {
    return privateKeyFromProtobuf(bytes)
  } catch (cause) {
    throw new UserError(
      'identity-corrupt',
      `the key file ${file} does not hold a libp2p private key: restore it from a copy, or move it away to get a new identity`,
      { cause }
    )
  }
}

function checkFile(file: string, stats: Stats): void {
  if (stats.isDirectory()) {
    throw new UserError(
      'identity-directory',
      `the key file ${file} is a folder: name a file in it instead`
    )
  }
  if (!stats.isFile()) {
    throw new UserError(
      'identity-not-a-file',
      `the key file ${file} is not a regular file: name another one`
    )
  }
  if (hostPlatform() !== 'win32' && (stats.mode & OPEN_TO_OTHERS) !== 0) {
    throw new UserError(
      'identity-open-to-others',
      `the key file ${file} can be read by others than its owner: run "chmod 600 ${file}"`
    )
  }
}

/** False when somebody else created the file meanwhile. */
async function createFile(file: string, bytes: Uint8Array): Promise<boolean> {
  try {
    return await writeNewFile(file, bytes)
  } catch (error) {
    throw identityFileError(file, 'create', error)
  }
}

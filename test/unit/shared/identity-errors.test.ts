// What is said when the system refuses, for refusals that a test cannot bring about everywhere.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { UserError } from '../../../shared/errors.ts'
import { identityFileError } from '../../../shared/identity-errors.ts'

const refusal = (code: string): Error => Object.assign(new Error('from the system'), { code })

const EXPECTED: Array<[doing: 'read' | 'create', code: string, words: string]> = [
  ['read', 'EACCES', 'cannot read the key file /k: permission denied, so run as its owner'],
  ['create', 'EACCES', 'cannot create the key file /k: its folder is not writable, so name a file'],
  ['create', 'EROFS', 'cannot create the key file /k: its file system is read-only'],
  ['create', 'ENOSPC', 'cannot create the key file /k: the disk is full, so free some space'],
  ['create', 'EDQUOT', 'cannot create the key file /k: the quota is used up'],
  ['create', 'ENOENT', 'cannot create the key file /k: its folder cannot be created'],
  ['read', 'ELOOP', 'cannot read the key file /k: its links lead in a circle'],
  ['read', 'EIO', 'cannot read the key file /k: EIO, so name another file']
]

it('every refusal is one sentence that names the file and what to do', () => {
  for (const [doing, code, words] of EXPECTED) {
    const { message } = identityFileError('/k', doing, refusal(code))
    assert.ok(message.startsWith(words), message)
    assert.doesNotMatch(message, /from the system/)
  }
})

it('what has been said already is not said again in other words', () => {
  const said = new UserError('code', 'said')
  assert.equal(identityFileError('/k', 'read', said), said)
})

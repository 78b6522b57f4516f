// What an operator reads about who gets in.
import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { describe, it } from 'node:test'
import { OPEN_TO_ALL, type AccessRules } from '../../../../relay/access/access.ts'
import { accessWords, sameAccess } from '../../../../relay/access/words.ts'

const secret = createSecretKey(Buffer.from('correct horse battery'))
const words = (rules: Partial<AccessRules>): string => accessWords({ ...OPEN_TO_ALL, ...rules })

describe('access in words', () => {
  it('says who, but for whom, and where', () => {
    assert.equal(words({}), 'is for everybody')
    assert.equal(words({ allow: ['a'] }), 'is for 1 allowed peer')
    assert.equal(words({ secrets: [secret] }), 'is for whoever proves the secret')
    assert.equal(
      words({ allow: ['a', 'b'], secrets: [secret, secret], deny: ['c'], rooms: ['r', 's'] }),
      'is for 2 allowed peers and whoever proves one of 2 secrets, but for 1 denied peer, in 2 rooms only'
    )
  })

  it('has changed when a list or a secret has, and not when they are read anew', () => {
    const rules = { allow: ['a'], deny: ['b'], rooms: ['c'], secrets: [secret] }
    const again = createSecretKey(Buffer.from('correct horse battery'))
    const other = createSecretKey(Buffer.from('correct horse batterx'))
    assert.ok(sameAccess(rules, { ...rules, allow: ['a'], secrets: [again] }))
    for (const change of [
      { allow: [] },
      { deny: ['x'] },
      { rooms: ['c', 'd'] },
      { secrets: [other] },
      { secrets: [] },
      { secrets: [secret, other] }
    ]) {
      assert.ok(!sameAccess(rules, { ...rules, ...change }), JSON.stringify(change))
    }
  })
})

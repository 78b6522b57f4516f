// Who gets in, by lists and secrets; and what a reload makes of that.
import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { Access, OPEN_TO_ALL, type AccessRules } from '../../../../relay/access/access.ts'

const secretOf = (text: string) => createSecretKey(Buffer.from(text))
const OLD = secretOf('correct horse battery')
const NEW = secretOf('a secret that is newer')

const access = (rules: Partial<AccessRules>): Access => new Access({ ...OPEN_TO_ALL, ...rules })

describe('access without rules', () => {
  it('is for everybody, in any room', () => {
    assert.equal(new Access().refuses('ann'), undefined)
    assert.equal(new Access().refusesRoom('ann', 'kitchen'), undefined)
  })
})

describe('an allow list', () => {
  it('lets in whom it names, and nobody else', () => {
    const rules = access({ allow: ['ann'] })
    assert.equal(rules.refuses('ann'), undefined)
    assert.equal(rules.refuses('bob')?.rule, 'allow')
    assert.equal(rules.refusesRoom('bob', 'kitchen')?.rule, 'allow')
  })
})

describe('a deny list', () => {
  it('keeps out whom it names, allowed and with a secret or not, and nobody else', () => {
    const rules = access({ deny: ['bob'] })
    assert.equal(rules.refuses('ann'), undefined)
    assert.equal(rules.refuses('bob')?.rule, 'deny')
    const stricter = access({ deny: ['bob'], allow: ['bob'], secrets: [OLD] })
    stricter.proved('bob', OLD)
    assert.equal(stricter.refuses('bob')?.rule, 'deny')
    assert.ok(stricter.isDenied('bob') && !stricter.isDenied('ann'))
  })
})

describe('a secret', () => {
  it('lets in who has proven it, for as long as it is connected', () => {
    const rules = access({ secrets: [OLD] })
    assert.equal(rules.refuses('ann')?.rule, 'secret-missing')
    rules.proved('ann', OLD)
    assert.equal(rules.refuses('ann'), undefined)
    assert.equal(rules.refuses('bob')?.rule, 'secret-missing')
    rules.left('ann')
    assert.equal(rules.refuses('ann')?.rule, 'secret-missing')
  })

  it('is not asked of those who are allowed by name', () => {
    const rules = access({ secrets: [OLD], allow: ['ann'] })
    assert.equal(rules.refuses('ann'), undefined)
    assert.equal(rules.refuses('bob')?.rule, 'secret-missing')
  })
})

describe('rooms', () => {
  it('are those that are listed, for those who get in', () => {
    const rules = access({ rooms: ['kitchen'], deny: ['bob'] })
    assert.equal(rules.refusesRoom('ann', 'kitchen'), undefined)
    assert.equal(rules.refusesRoom('ann', 'Kitchen')?.rule, 'room')
    assert.equal(rules.refusesRoom('ann', '')?.rule, 'room')
    assert.equal(rules.refusesRoom('bob', 'kitchen')?.rule, 'deny')
    assert.equal(rules.refuses('ann'), undefined)
  })
})

describe('a reload', () => {
  it('keeps what was proven with a secret that stays, though it is read anew', () => {
    const rules = access({ secrets: [OLD] })
    rules.proved('ann', OLD)
    rules.reload({ ...OPEN_TO_ALL, secrets: [NEW, secretOf('correct horse battery')] })
    assert.equal(rules.refuses('ann'), undefined)
  })

  it('forgets what was proven with a secret that goes, also when it comes back', () => {
    const rules = access({ secrets: [OLD, NEW] })
    rules.proved('ann', OLD)
    rules.proved('bob', NEW)
    rules.reload({ ...OPEN_TO_ALL, secrets: [NEW] })
    assert.equal(rules.refuses('ann')?.rule, 'secret-missing')
    assert.equal(rules.refuses('bob'), undefined)
    rules.reload({ ...OPEN_TO_ALL, secrets: [OLD, NEW] })
    assert.equal(rules.refuses('ann')?.rule, 'secret-missing')
  })

  it('replaces every list', () => {
    const rules = access({ allow: ['ann'], deny: ['bob'], rooms: ['kitchen'] })
    rules.reload({ allow: ['cleo'], deny: ['ann'], rooms: ['hall'], secrets: [] })
    assert.equal(rules.refuses('ann')?.rule, 'deny')
    assert.equal(rules.refuses('bob')?.rule, 'allow')
    assert.equal(rules.refusesRoom('cleo', 'kitchen')?.rule, 'room')
    rules.reload(OPEN_TO_ALL)
    assert.equal(rules.refusesRoom('bob', 'kitchen'), undefined)
  })
})

it('whatever the rules: in gets who is not denied, and is allowed, has proven a secret, or need not', () => {
  const someone = fc.constantFrom('ann', 'bob', 'cleo', 'dave')
  const secrets = fc.subarray([OLD, NEW])
  const rules = fc.record({
    allow: fc.array(someone),
    deny: fc.array(someone),
    rooms: fc.constant([]),
    secrets
  })
  fc.assert(
    fc.property(rules, rules, fc.array(someone), someone, (before, after, proving, who) => {
      const each = new Access(before)
      if (before.secrets[0] !== undefined)
        for (const peer of proving) each.proved(peer, before.secrets[0])
      each.reload(after)
      const proven =
        proving.includes(who) &&
        before.secrets[0] !== undefined &&
        after.secrets.includes(before.secrets[0])
      const open = after.allow.length === 0 && after.secrets.length === 0
      const expected = !after.deny.includes(who) && (open || after.allow.includes(who) || proven)
      assert.equal(each.refuses(who) === undefined, expected)
    })
  )
})

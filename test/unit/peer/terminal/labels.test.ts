// How people are called, so that nobody can pass for another.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Labels, shortPeer } from '../../../../peer/terminal/labels.ts'

const ME = '12D3KooWAAAAAAAAaaaaaaaa'
const BOB = '12D3KooWAAAAAAAAbbbbbbbb'
const OTHER_BOB = '12D3KooWAAAAAAAAoooooooo'
const MALLORY = '12D3KooWAAAAAAAAmmmmmmmm'

function labels(): Labels {
  const known = new Labels()
  known.learn(ME, 'ann')
  known.learn(BOB, 'bob')
  return known
}

it('a name that one peer has is enough', () => {
  assert.equal(labels().of(BOB), 'bob')
})

it('a name that two have is told apart by the ids, whatever its case and form', () => {
  const known = labels()
  known.learn(MALLORY, 'BOB')
  assert.equal(known.of(BOB), 'bob (…bbbbbbbb)')
  assert.equal(known.of(MALLORY), 'BOB (…mmmmmmmm)')
  known.learn(MALLORY, 'ａｎｎ')
  assert.equal(known.of(MALLORY), 'ａｎｎ (…mmmmmmmm)')
})

it('a name that shows like one that is taken is taken, whatever is hidden in it', () => {
  for (const name of ['bob\u200D', 'b\u200Cob', 'bob\uFE0F', 'bob\u2800', 'bob\u3000']) {
    const known = labels()
    known.learn(MALLORY, name)
    assert.equal(known.of(MALLORY), 'bob (…mmmmmmmm)')
    assert.equal(known.of(BOB), 'bob (…bbbbbbbb)')
  }
})

it('a name cannot end in the id of another, nor be one', () => {
  const known = labels()
  known.learn(OTHER_BOB, 'bob')
  known.learn(MALLORY, known.of(BOB))
  assert.equal(known.of(BOB), 'bob (…bbbbbbbb)')
  assert.equal(known.of(MALLORY), 'bob [·bbbbbbbb]')
  for (const name of [shortPeer(BOB), '...bbbbbbbb', '‥bbbbbbbb']) {
    known.learn(MALLORY, name)
    assert.equal(known.of(MALLORY), '·bbbbbbbb')
  }
  known.learn(MALLORY, 'bob (to you alone)')
  assert.equal(known.of(MALLORY), 'bob [to you alone]')
})

it('the end of the own id is a name that needs nothing beside it', () => {
  const known = labels()
  known.learn(MALLORY, shortPeer(MALLORY))
  assert.equal(known.of(MALLORY), '…mmmmmmmm')
})

it('a peer without a name, or an invisible one, is its id', () => {
  const known = labels()
  known.learn(MALLORY, undefined)
  assert.equal(known.of(MALLORY), '…mmmmmmmm')
  known.learn(MALLORY, '\u200D')
  assert.equal(known.of(MALLORY), '…mmmmmmmm')
  assert.equal(known.of('12D3KooWunknown'), shortPeer('12D3KooWunknown'))
})

it('a peer that has left keeps its name, and leaves it free', () => {
  const known = labels()
  known.leave(BOB)
  known.learn(MALLORY, 'bob')
  assert.equal(known.of(MALLORY), 'bob')
  assert.equal(known.of(BOB), 'bob (…bbbbbbbb)')
})

it('a later event without the name does not forget it', () => {
  const known = labels()
  known.learn(BOB, undefined)
  assert.equal(known.of(BOB), 'bob')
})

it('strangers without end do not fill the memory', () => {
  const known = labels()
  for (let stranger = 0; stranger < 5000; stranger++)
    known.learn(`peer-${stranger}`, `n${stranger}`)
  assert.equal(known.of('peer-4999'), 'n4999')
  assert.equal(known.of('peer-1'), shortPeer('peer-1'))
})

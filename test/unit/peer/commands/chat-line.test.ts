// What a typed line asks for, and whom it is for.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  findAddressee,
  parseChatLine,
  type ChatLine,
  type Named
} from '../../../../peer/commands/chat-line.ts'

const LINES: Array<[string, ChatLine]> = [
  ['', { kind: 'nothing' }],
  ['   ', { kind: 'nothing' }],
  ['hello', { kind: 'text', text: 'hello' }],
  ['  indented ', { kind: 'text', text: '  indented ' }],
  ['1/2', { kind: 'text', text: '1/2' }],
  ['//etc/hosts', { kind: 'text', text: '/etc/hosts' }],
  ['/peers', { kind: 'peers' }],
  ['/peers ', { kind: 'peers' }],
  ['/history', { kind: 'history', lines: 100 }],
  ['/history 5', { kind: 'history', lines: 5 }],
  ['/history 0', { kind: 'unclear', hint: 'say how many lines: /history 50' }],
  ['/path', { kind: 'path', who: undefined }],
  ['/path  bob ', { kind: 'path', who: 'bob' }],
  ['/to bob hello  there', { kind: 'to', rest: 'bob hello  there' }],
  ['/to', { kind: 'to', rest: '' }],
  ['/help', { kind: 'help' }],
  ['/quit', { kind: 'quit' }]
]

describe('a line', () => {
  for (const [line, meaning] of LINES) {
    it(`"${line}" is ${meaning.kind}`, () => assert.deepEqual(parseChatLine(line), meaning))
  }

  it('with a command that does not exist gets a hint and is not sent', () => {
    const slip = parseChatLine('/quti now')
    assert.ok(slip.kind === 'unclear')
    assert.match(slip.hint, /no command \/quti: did you mean \/quit\?.*\/\/quti now/)
    const strange = parseChatLine('/')
    assert.ok(strange.kind === 'unclear')
    assert.match(strange.hint, /no command \/: \/help lists them/)
  })
})

function found(rest: string, ...members: Named[]): [peer: string, text: string] {
  const addressed = findAddressee(rest, members)
  assert.ok(addressed.kind === 'found', JSON.stringify(addressed))
  return [addressed.member.peer, addressed.text]
}

function unclear(rest: string, ...members: Named[]): string {
  const addressed = findAddressee(rest, members)
  assert.ok(addressed.kind === 'unclear')
  return addressed.hint
}

describe('the one a line is for', () => {
  const bob = { peer: '12D3KooWAAAAAAAAbbbbbbbb', name: 'bob' }
  const bobby = { peer: '12D3KooWAAAAAAAAcccccccc', name: 'bob by' }
  const other = { peer: '12D3KooWAAAAAAAAdddddddd', name: 'Bob' }
  const nameless = { peer: '12D3KooWAAAAAAAAeeeeeeee' }

  it('is found by name, whatever its case, and the rest is the text', () => {
    assert.deepEqual(found('BOB  hello there ', bob, nameless), [bob.peer, 'hello there'])
    assert.deepEqual(found('bob', bob), [bob.peer, ''])
  })

  it('is found by the longest name that fits, spaces included', () => {
    assert.deepEqual(found('bob by hello', bob, bobby), [bobby.peer, 'hello'])
    assert.deepEqual(found('bob by hello', bobby, bob), [bobby.peer, 'hello'])
    assert.deepEqual(found('bob bye', bob, bobby), [bob.peer, 'bye'])
  })

  it('is found by a peer id, or by the end of one as it is shown', () => {
    for (const way of [nameless.peer, '…eeeeeeee', 'eeeeeeee']) {
      assert.deepEqual(found(`${way} hi`, bob, nameless), [nameless.peer, 'hi'])
    }
    assert.deepEqual(found('Bob (…dddddddd) hi', bob, other), [other.peer, 'hi'])
  })

  it('is asked for when two have the name', () => {
    assert.match(
      unclear('bob hello', bob, other),
      /2 people are called bob: say …bbbbbbbb or …dddddddd/
    )
  })

  it('is missed with a list of who is here', () => {
    assert.match(
      unclear('bobb hi', bob, nameless),
      /nobody here is called bobb: here are bob \(…bbbbbbbb\), …eeeeeeee$/
    )
    assert.match(unclear('bob hi'), /nobody here is called bob: nobody else is here/)
    assert.match(unclear('', bob), /say to whom/)
  })
})

// What others wrote, made safe to print.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { foldedName, harmless, harmlessName } from '../../../shared/harmless.ts'

describe('harmless text', () => {
  it('leaves what people write as it is, emoji with joiners included', () => {
    const text = 'Grüße, 你好, שלום, مرحبا 👨‍👩‍👧 ❤️ नमस्ते é'
    assert.equal(harmless(text), text)
  })

  it('shows controls instead of obeying them', () => {
    assert.equal(harmless('a\u001B[2Jb'), 'a␛[2Jb')
    assert.equal(harmless('one\r\nbob: forged'), 'one␍␊bob: forged')
    assert.equal(harmless('\u0000\u0007\u0008\u007F'), '␀␇␈␡')
    assert.equal(harmless('a\tb'), 'a b')
  })

  it('lets nothing through that a terminal takes for the start of a command', () => {
    for (let code = 0; code < 0xa0; code++) {
      const shown = harmless(String.fromCodePoint(code))
      assert.doesNotMatch(shown, /\p{Cc}/v, `U+${code.toString(16)}`)
    }
  })

  it('takes the power from what reorders, hides or breaks lines', () => {
    for (const code of [
      0x202e, 0x202d, 0x2066, 0x2069, 0x200f, 0x200b, 0xfeff, 0x2028, 0xe0041, 0xd800
    ]) {
      assert.equal(harmless(`a${String.fromCodePoint(code)}b`), 'a�b', `U+${code.toString(16)}`)
    }
  })

  it('keeps no more than four marks on a letter', () => {
    assert.equal(harmless(`z${'\u0301'.repeat(50)}!`), `z${'\u0301'.repeat(4)}!`)
  })
})

describe('a harmless name', () => {
  it('is one line without what ends a name in a line of talk', () => {
    assert.equal(harmlessName('  bob:\n hi ', 64), 'bob·␊ hi')
  })

  it('has none of the marks that are put around names, nor what looks like them', () => {
    assert.equal(harmlessName('bob (…abc)', 64), 'bob [·abc]')
    assert.equal(harmlessName('bob（...abc）： hi', 64), 'bob[·abc]· hi')
  })

  it('has joiners in emoji and nowhere else', () => {
    assert.equal(harmlessName('b\u200Do\u200Cb\uFE0F', 64), 'bob')
    assert.equal(harmlessName('👨‍👩‍👧 ❤️ 1️⃣', 64), '👨‍👩‍👧 ❤️ 1️⃣')
    assert.equal(harmlessName('👨\u200D bob', 64), '👨 bob')
  })

  it('is cut between characters, not within one', () => {
    assert.equal(harmlessName('ééééé', 5), 'éé')
    assert.equal(harmlessName('👨‍👩‍👧👨‍👩‍👧', 20), '👨‍👩‍👧')
    assert.equal(Buffer.byteLength(harmlessName('x'.repeat(100), 64)), 64)
  })

  it('is empty when nothing of it can be seen', () => {
    for (const name of ['', '   ', '\u200D\u200D', '\uFE0F'])
      assert.equal(harmlessName(name, 64), '')
  })
})

it('names that people take for the same are equal when folded', () => {
  for (const name of ['Bob', 'ｂｏｂ', 'b\u200Dob', 'bo\u00ADb'])
    assert.equal(foldedName(name), 'bob')
  assert.notEqual(foldedName('bob'), foldedName('bobb'))
})

// What is counted of a conversation under faults: each way to break the promise is seen.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { broken, tallyOf, together, type Promised, type Talk } from '../../lab/faults/tally.ts'

const PROMISED: Promised = { maxGapMs: 1000 }

/** Lines a, b, c … said every 20 ms from 1000 on, and shown 30 ms later. */
function talk(lines: string, shown = lines, options: Partial<Talk> = {}): Talk {
  const said = lines.split('')
  const atMs = (text: string): number => 1000 + said.indexOf(text) * 20
  return {
    said,
    sent: said.map((text) => ({ id: `id ${text}`, atMs: atMs(text) })),
    refused: 0,
    alone: 0,
    shown: shown.split('').map((text) => ({ id: `id ${text}`, text, atMs: atMs(text) + 30 })),
    away: [],
    ...options
  }
}

const line = (text: string, atMs: number): Talk['shown'][number] => ({
  id: `id ${text}`,
  text,
  atMs
})

describe('a tally', () => {
  it('finds nothing broken when every line is shown once and in order', () => {
    const tally = tallyOf(talk('abcd'))
    assert.deepEqual(tally, {
      said: 4,
      sent: 4,
      refused: 0,
      alone: 0,
      shown: 4,
      lost: 0,
      doubled: 0,
      disordered: 0,
      longestGapMs: 30
    })
    assert.deepEqual(broken(tally, PROMISED), [])
  })

  it('counts what is lost, doubled and out of order apart from each other', () => {
    const { shown, lost, doubled, disordered } = tallyOf(talk('abcdef', 'abbdca'))
    assert.deepEqual([shown, lost, doubled, disordered], [4, 2, 2, 1])
  })

  it('sees a line that came again under another id, and one that nobody said', () => {
    const shown = [line('a', 1030), { ...line('a', 1040), id: 'another' }, line('x', 1050)]
    const { doubled, disordered } = tallyOf(talk('a', '', { shown }))
    assert.deepEqual([doubled, disordered], [1, 1])
  })

  it('takes what a killed sender did not come to tell for sent when it was shown, and else not', () => {
    const told = talk('abcd').sent.slice(0, 2)
    const { sent, shown, lost } = tallyOf(talk('abcd', 'abc', { sent: told }))
    assert.deepEqual([sent, shown, lost], [3, 3, 0])
  })

  it('measures a gap from the line before, or from the sending of the next one', () => {
    const sent = [1000, 1020, 5000].map((atMs, n) => ({ id: `id ${'abc'[n]}`, atMs }))
    const shown = [line('a', 1030), line('b', 1800), line('c', 5040)]
    assert.equal(tallyOf(talk('abc', '', { sent, shown })).longestGapMs, 770)
  })

  it('leaves out the time in which one of both did not run, and lines without a time', () => {
    const shown = [line('a', 1030), { id: 'id b', text: 'b' }, line('c', 5030)]
    const away = [
      { fromMs: 900, toMs: 1130 },
      { fromMs: 2000, toMs: 4500 }
    ]
    assert.equal(tallyOf(talk('abc', '', { shown, away })).longestGapMs, 4000 - 100 - 2500)
  })

  it('adds up two directions, and takes the longer gap', () => {
    const both = together([tallyOf(talk('abc')), tallyOf(talk('abcd', 'abcd'))])
    assert.deepEqual([both.sent, both.shown, both.longestGapMs], [7, 7, 30])
  })
})

const sentences = (talked: Talk, promised = PROMISED): string[] => broken(tallyOf(talked), promised)

describe('a broken promise', () => {
  it('is a line lost, doubled or out of order', () => {
    assert.deepEqual(sentences(talk('abc', 'ab')), [
      '3 lines were sent and 2 shown',
      '1 lines were lost'
    ])
    assert.deepEqual(sentences(talk('abc', 'abcb')), ['1 lines were shown again'])
    assert.deepEqual(sentences(talk('abc', 'acb')), ['1 lines were out of order'])
  })

  it('is a gap that is too long, and silence', () => {
    assert.deepEqual(sentences(talk('abc'), { ...PROMISED, maxGapMs: 29 }), [
      'for 30 ms nothing came, 29 ms are allowed'
    ])
    assert.deepEqual(sentences(talk('')), ['nothing was sent'])
  })

  it('is a line that came to nothing, unless its sender was killed', () => {
    const deaf = talk('abc', 'ab', { sent: talk('ab').sent })
    assert.deepEqual(sentences(deaf), ['3 lines were said, and 2 came to anything'])
    assert.deepEqual(sentences(deaf, { ...PROMISED, kills: true }), [])
  })

  it('is a line that was refused or sent to nobody, where that is not to be expected', () => {
    const refused = talk('abc', 'ab', { sent: talk('ab').sent, refused: 1 })
    assert.deepEqual(sentences(refused), ['1 lines were refused'])
    assert.deepEqual(sentences(refused, { ...PROMISED, refuses: true }), [])
    const alone = talk('abc', 'ab', { sent: talk('ab').sent, alone: 1 })
    assert.deepEqual(sentences(alone), ['1 lines were sent to nobody'])
    assert.deepEqual(sentences(alone, { ...PROMISED, leaves: true }), [])
  })
})

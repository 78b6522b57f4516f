// Guessing what somebody meant to type.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { didYouMean } from '../../../shared/did-you-mean.ts'

const WORDS = ['chat', 'doctor', '--relay', '--relayed-only', '--name']

it('a slip, a swap or a beginning is enough to know the word', () => {
  assert.equal(didYouMean('chta', WORDS), 'chat')
  assert.equal(didYouMean('chatt', WORDS), 'chat')
  assert.equal(didYouMean('doc', WORDS), 'doctor')
  assert.equal(didYouMean('--nmae', WORDS), '--name')
  assert.equal(didYouMean('--relayed-onyl', WORDS), '--relayed-only')
})

it('the nearest word wins', () => {
  assert.equal(didYouMean('--rela', WORDS), '--relay')
  assert.equal(didYouMean('--relai', WORDS), '--relay')
})

it('something else altogether is not guessed at', () => {
  for (const word of ['x', '', 'serve', '-x', 'ab'])
    assert.equal(didYouMean(word, WORDS), undefined)
})

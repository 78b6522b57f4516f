// Whether a failure is told as an event, before anything of the command line is known to be right.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isJsonAsked } from '../../../shared/json-asked.ts'

describe('JSON', () => {
  it('is asked for by the option, whatever is beside it', () => {
    assert.equal(isJsonAsked(['chat', '--relya', '--json'], {}), true)
    assert.equal(isJsonAsked(['chat'], {}), false)
    assert.equal(isJsonAsked(['chat', '--', '--json'], {}), false)
  })

  it('is asked for by the variable, in the words that turn any flag on', () => {
    for (const PARLEY_JSON of ['1', 'true', 'TRUE', 'Yes', ' on ']) {
      assert.equal(isJsonAsked([], { PARLEY_JSON }), true, PARLEY_JSON)
    }
    for (const PARLEY_JSON of ['', '0', 'off', 'loud']) {
      assert.equal(isJsonAsked([], { PARLEY_JSON }), false, PARLEY_JSON)
    }
  })

  it('is not asked for when the last option says so, whatever the variable says', () => {
    assert.equal(isJsonAsked(['--no-json'], { PARLEY_JSON: '1' }), false)
    assert.equal(isJsonAsked(['--json', '--no-json'], {}), false)
    assert.equal(isJsonAsked(['--no-json', '--json'], { PARLEY_JSON: '0' }), true)
  })
})

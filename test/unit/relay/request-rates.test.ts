// How often a host may guess a secret, with a clock made of numbers.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DEFAULT_LIMITS } from '../../../relay/limits.ts'
import { RequestRates } from '../../../relay/request-rates.ts'

const LIMIT = 'wrong-secret-rate-per-host'

describe('wrong secrets', () => {
  it('are looked at up to the limit, by host, and again after a while', () => {
    const rates = new RequestRates({ ...DEFAULT_LIMITS, [LIMIT]: 2 })
    for (let tries = 0; tries < 2; tries++) {
      assert.equal(rates.tooManyWrongSecrets('h', 0), undefined)
      rates.noteWrongSecret('h', 0)
    }
    assert.deepEqual(rates.tooManyWrongSecrets('h', 0), {
      limit: LIMIT,
      reason: 'h has presented more than 2 wrong secrets a minute'
    })
    const used = rates.usage(0).find(({ limit }) => limit === LIMIT)
    assert.deepEqual(used, { limit: LIMIT, used: 2, max: 2 })
    assert.equal(rates.tooManyWrongSecrets('another', 0), undefined)
    assert.equal(rates.tooManyWrongSecrets('h', 30_000), undefined)
  })

  it('are all that counts: right ones may come as often as they like', () => {
    const rates = new RequestRates({ ...DEFAULT_LIMITS, [LIMIT]: 1 })
    for (let times = 0; times < 1000; times++) {
      assert.equal(rates.tooManyWrongSecrets('h', 0), undefined)
    }
  })
})

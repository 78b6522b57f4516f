// How often somebody may open streams, ask, get it wrong, and guess a secret, with a clock made of numbers.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DEFAULT_LIMITS, type RelayLimits } from '../../../relay/limits.ts'
import { RequestRates } from '../../../relay/request-rates.ts'

const rates = (limits: Partial<RelayLimits>): RequestRates =>
  new RequestRates({ ...DEFAULT_LIMITS, ...limits })
const ANN = { peer: 'ann', host: '10.0.0.1' }
const BEN = { peer: 'ben', host: '10.0.0.1' }

describe('the rate of requests', () => {
  for (const kind of ['stream', 'hop', 'rendezvous', 'dial-back'] as const) {
    it(`of ${kind} is limited for a peer and for its host, each by its name`, () => {
      const limits = { [`${kind}-rate-per-peer`]: 2, [`${kind}-rate-per-host`]: 3 }
      const some = rates(limits)
      assert.equal(some.tooMany(kind, ANN, 0), undefined)
      assert.equal(some.tooMany(kind, ANN, 0), undefined)
      assert.equal(some.tooMany(kind, ANN, 0)?.limit, `${kind}-rate-per-peer`)
      assert.equal(some.tooMany(kind, BEN, 0), undefined)
      assert.equal(some.tooMany(kind, BEN, 0)?.limit, `${kind}-rate-per-host`)
      assert.equal(some.tooMany(kind, ANN, 60_000), undefined)
    })
  }

  it('of one kind does not touch the others', () => {
    const some = rates({ 'stream-rate-per-peer': 1, 'hop-rate-per-peer': 1 })
    assert.equal(some.tooMany('stream', ANN, 0), undefined)
    assert.equal(some.tooMany('hop', ANN, 0), undefined)
  })
})

describe('offences', () => {
  it('are borne as mistakes, so many a minute, for each peer', () => {
    const some = rates({ 'offences-per-peer': 2 })
    assert.equal(some.tooOffensive('ann', 0), undefined)
    assert.equal(some.tooOffensive('ann', 0), undefined)
    const tooMany = some.tooOffensive('ann', 0)
    assert.equal(tooMany?.limit, 'offences-per-peer')
    assert.equal(tooMany.reason, 'the peer got more than 2 requests a minute wrong')
    assert.equal(some.tooOffensive('ben', 0), undefined)
    assert.equal(some.tooOffensive('ann', 30_000), undefined)
    const usage = some.usage(30_000).find(({ limit }) => limit === 'offences-per-peer')
    assert.deepEqual(usage, { limit: 'offences-per-peer', used: 2, max: 2 })
  })
})

describe('wrong secrets', () => {
  const LIMIT = 'wrong-secret-rate-per-host'

  it('are looked at up to the limit, by host, and again after a while', () => {
    const some = rates({ [LIMIT]: 2 })
    for (let tries = 0; tries < 2; tries++) {
      assert.equal(some.tooManyWrongSecrets('h', 0), undefined)
      some.noteWrongSecret('h', 0)
    }
    assert.deepEqual(some.tooManyWrongSecrets('h', 0), {
      limit: LIMIT,
      reason: 'h has presented more than 2 wrong secrets a minute'
    })
    const used = some.usage(0).find(({ limit }) => limit === LIMIT)
    assert.deepEqual(used, { limit: LIMIT, used: 2, max: 2 })
    assert.equal(some.tooManyWrongSecrets('another', 0), undefined)
    assert.equal(some.tooManyWrongSecrets('h', 30_000), undefined)
  })

  it('are all that counts: right ones may come as often as they like', () => {
    const some = rates({ [LIMIT]: 1 })
    for (let times = 0; times < 1000; times++) {
      assert.equal(some.tooManyWrongSecrets('h', 0), undefined)
    }
  })
})

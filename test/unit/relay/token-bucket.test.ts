// Buckets, with a clock made of numbers.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { perMinute, RateByKey, TokenBucket } from '../../../relay/token-bucket.ts'

describe('a token bucket', () => {
  it('gives its size at once, and then as much as flows in', () => {
    const bucket = new TokenBucket()
    const flow = perMinute(60)
    for (let i = 0; i < 60; i++) assert.ok(bucket.tryTake(flow, 1000))
    assert.equal(bucket.tryTake(flow, 1000), false)
    assert.equal(bucket.tryTake(flow, 1900), false)
    assert.ok(bucket.tryTake(flow, 2000))
    assert.equal(bucket.tryTake(flow, 2000), false)
  })

  it('holds no more than its size, however long nobody takes', () => {
    const bucket = new TokenBucket()
    const flow = { ratePerSecond: 100, size: 2 }
    assert.ok(bucket.tryTake(flow, 0))
    assert.deepEqual(
      [1, 2, 3].map(() => bucket.tryTake(flow, 1_000_000)),
      [true, true, false]
    )
  })

  it('gives several at once or none', () => {
    const bucket = new TokenBucket()
    const flow = { ratePerSecond: 100, size: 100 }
    assert.ok(bucket.tryTake(flow, 0, 60))
    assert.equal(bucket.tryTake(flow, 0, 60), false)
    assert.ok(bucket.tryTake(flow, 0, 40))
  })

  it('goes into debt, and says how long it takes to pay', () => {
    const bucket = new TokenBucket()
    const flow = { ratePerSecond: 100, size: 100 }
    assert.equal(bucket.takeAnyway(100, flow, 0), 0)
    assert.equal(bucket.takeAnyway(50, flow, 0), 500)
    assert.equal(bucket.takeAnyway(50, flow, 0), 1000)
    assert.equal(bucket.takeAnyway(10, flow, 1000), 100)
    assert.equal(bucket.used(flow, 1000), 110)
  })

  it('gains nothing when the clock jumps back, and goes on from there', () => {
    const bucket = new TokenBucket()
    const flow = { ratePerSecond: 1, size: 1 }
    assert.ok(bucket.tryTake(flow, 10_000))
    assert.equal(bucket.tryTake(flow, 0), false)
    assert.ok(bucket.tryTake(flow, 1000))
  })

  it('of infinite size never runs dry, and is never used', () => {
    const bucket = new TokenBucket()
    const flow = { ratePerSecond: Infinity, size: Infinity }
    assert.equal(bucket.takeAnyway(1e12, flow, 0), 0)
    assert.equal(bucket.used(flow, 0), 0)
  })

  it('follows a flow that a reload has changed', () => {
    const bucket = new TokenBucket()
    for (let i = 0; i < 60; i++) bucket.tryTake(perMinute(60), 0)
    assert.equal(bucket.tryTake(perMinute(600), 50), false)
    assert.ok(bucket.tryTake(perMinute(600), 100))
  })
})

describe('buckets by key', () => {
  const flow = perMinute(2)

  it('do not mix keys up', () => {
    const rates = new RateByKey()
    assert.deepEqual(
      ['a', 'a', 'a', 'b'].map((key) => rates.tryTake(key, flow, 0)),
      [true, true, false, true]
    )
    assert.equal(rates.mostUsed(flow, 0), 2)
  })

  it('say whether there is something to take, and take nothing by that', () => {
    const rates = new RateByKey()
    assert.ok(rates.has('a', flow, 0) && rates.has('a', flow, 0))
    assert.equal(rates.size, 0)
    rates.tryTake('a', flow, 0)
    assert.ok(rates.has('a', flow, 0))
    rates.tryTake('a', flow, 0)
    assert.ok(!rates.has('a', flow, 0) && rates.has('b', flow, 0))
    assert.ok(!rates.has('a', flow, 29_999) && rates.has('a', flow, 30_000))
  })

  it('are forgotten when they are full again', () => {
    const rates = new RateByKey()
    for (let i = 0; i < 100; i++) rates.tryTake(`key ${i}`, flow, 0)
    assert.equal(rates.size, 100)
    rates.tryTake('another', flow, 60_000)
    assert.equal(rates.size, 1)
  })

  it('are bounded, whoever comes', () => {
    const rates = new RateByKey(10)
    for (let i = 0; i < 1000; i++) rates.tryTake(`key ${i}`, flow, 0)
    assert.equal(rates.size, 10)
  })
})

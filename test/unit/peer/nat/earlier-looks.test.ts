// What is still believed of a NAT when the next look hears less.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { notSeenAgain, together } from '../../../../peer/nat/earlier-looks.ts'
import type { Observation } from '../../../../peer/nat/nat-kind.ts'

/** By a relay at its port 1 or 2, of the listening port or of a fresh one. */
const seen = (relay: number, port: number, freshPort?: number): Observation => ({
  destination: { host: '7.7.7.1', port: relay },
  address: { host: '7.7.7.2', port },
  ...(freshPort === undefined ? {} : { freshPort })
})

const ports = (observations: Observation[]): number[] =>
  observations.map(({ address }) => address.port)

const KNOWN = [seen(1, 10), seen(2, 11), seen(2, 12, 33_333), seen(2, 13, 33_334)]

describe('after a look', () => {
  it('places that were not seen again count on, before those that were', () => {
    const earlier = notSeenAgain(KNOWN, [seen(1, 20)])
    const all = together(earlier, [seen(1, 20)], { wanted: 2, sampled: [] })
    assert.deepEqual(ports(all), [11, 12, 13, 20])
  })

  it('samples count on until as many are taken anew', () => {
    const again = [seen(1, 20), seen(2, 21)]
    const earlier = notSeenAgain(KNOWN, again)
    const [one, two] = [seen(2, 22, 33_335), seen(2, 23, 33_336)]
    const some = together(earlier, again, { wanted: 2, sampled: [one] })
    assert.deepEqual(ports(some), [12, 13, 20, 21, 22])
    const all = together(earlier, again, { wanted: 2, sampled: [one, two] })
    assert.deepEqual(ports(all), [20, 21, 22, 23])
  })

  it('no more is kept however often samples are lost', () => {
    let known = KNOWN
    for (let look = 0; look < 50; look += 1) {
      const again = [seen(1, 20), seen(2, 21)]
      const sampled = [seen(2, 30 + look, 40_000 + look)]
      known = together(notSeenAgain(known, again), again, { wanted: 4, sampled })
    }
    assert.deepEqual([known.length, known.at(-1)?.address.port], [14, 79])
  })
})

// Dials without a punch: the first connection stands, and over all peers there are never too many.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { MAX_ORDINARY_DIALS, OrdinaryDials } from '../../../../peer/traversal/ordinary-dials.ts'
import { endlessDial, fakeConnection } from '../../../support/racing-dials.ts'

const PEER = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'

function addresses(count: number, network = '192.168.1'): Multiaddr[] {
  return Array.from({ length: count }, (_, host) =>
    multiaddr(`/ip4/${network}.${host + 1}/tcp/4001`)
  )
}

/** Dials that never end but by their signal. */
function endless(): { dialled: string[]; dials: OrdinaryDials } {
  const dialled: string[] = []
  const dials = new OrdinaryDials(async (address, options) => {
    dialled.push(address.toString())
    return endlessDial(address, options)
  })
  return { dialled, dials }
}

describe('ordinary dials', () => {
  it('are not more than a limit at once, however many members somebody invents', async () => {
    const { dialled, dials } = endless()
    const leaving = new AbortController()
    const all = ['10.0.1', '10.0.2', '10.0.3', '10.0.4', '10.0.5'].map(async (network) =>
      dials.first(PEER, addresses(12, network), leaving.signal)
    )
    assert.equal(dialled.length, MAX_ORDINARY_DIALS)
    leaving.abort()
    assert.deepEqual(await Promise.all(all), [
      undefined,
      undefined,
      undefined,
      undefined,
      undefined
    ])
    const again = new AbortController()
    const next = dials.first(PEER, addresses(3), again.signal)
    assert.equal(dialled.length, MAX_ORDINARY_DIALS + 3, 'the places are free again')
    again.abort()
    await next
  })

  it('end with the first connection; the others are called off and it is not', async () => {
    const winner = fakeConnection()
    const signals: AbortSignal[] = []
    const dials = new OrdinaryDials(async (address, options) => {
      signals.push(options.signal)
      return address.toString().includes('192.168.1.2/') ? winner : endlessDial(address, options)
    })
    const first = await dials.first(PEER, addresses(3), new AbortController().signal)
    assert.equal(first, winner)
    assert.deepEqual(
      signals.map(({ aborted }) => aborted),
      [true, false, true]
    )
  })

  it('to one host are so many in a minute, whoever names it', async () => {
    let dialled = 0
    const dials = new OrdinaryDials(async () => {
      dialled += 1
      throw new Error('nobody there')
    })
    const { signal } = new AbortController()
    for (let port = 6000; port < 7000; port += 1)
      await dials.first(PEER, [multiaddr(`/ip4/11.0.0.9/tcp/${port}`)], signal)
    assert.equal(dialled, 256)
    await dials.first(PEER, addresses(1), signal)
    assert.equal(dialled, 257, 'others are dialled all the same')
  })
})

// What stock js-libp2p makes of the same networks and the same relay.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Actor } from '../../../peer/demo/actor.ts'
import { Cast } from '../../../peer/demo/cast.ts'
import type { Host } from '../host.ts'
import { twoSites, type Lab } from '../topologies.ts'

const STOCK_PEER = fileURLToPath(new URL('stock-peer.ts', import.meta.url))

/** Its three attempts are over by then: each has 5 s, and none waits for another. */
const PATIENCE_MS = 15_000

type StockTold =
  | { event: 'connection'; peer: string; direct: boolean; address: string }
  | { event: 'identified'; dcutr: boolean }
  | { event: 'reserved'; peerId: string }

it('stock js-libp2p between two NATs that drop meets at our relay and stays relayed', async () => {
  await using pair = await openStockPair(twoSites({ a: { nat: 'drop' }, b: { nat: 'drop' } }))
  await assert.rejects(pair.direct(PATIENCE_MS), /did not tell/)
})

it('the same peers go direct when one announces a public address: it is the NATs that they cannot do', async () => {
  await using pair = await openStockPair(
    twoSites({ a: { nat: 'none' }, b: { nat: 'drop' } }),
    '/ip4/7.7.7.2/tcp/4002'
  )
  await pair.direct(PATIENCE_MS)
})

interface StockPair extends AsyncDisposable {
  /** The first direct connection between them. */
  direct: (timeoutMs: number) => Promise<unknown>
}

/** Resolves when a has dialled b through the relay and each knows that the other one speaks DCUtR. */
async function openStockPair(building: Promise<Lab>, ...announce: string[]): Promise<StockPair> {
  const lab = await building
  const cast = new Cast({
    folder: '/run',
    launch: (_, args, env) => start(lab.relay, args, env)
  })
  const dispose = async (): Promise<void> => {
    await lab[Symbol.asyncDispose]()
    await cast[Symbol.asyncDispose]()
  }
  try {
    const signal = AbortSignal.timeout(30_000)
    const relayActor = await cast.relay({ listen: ['/ip4/0.0.0.0/tcp/4001'] })
    const relay = await relayActor.next('listening', { signal })
    const address = `/ip4/${lab.relay.address}/tcp/4001/p2p/${relay.peerId}`
    const b = new Actor<StockTold>('stock b', start(lab.b, [STOCK_PEER, address]))
    const { peerId } = await b.next('reserved', { signal })
    const a = new Actor<StockTold>(
      'stock a',
      start(lab.a, [STOCK_PEER, address, peerId, ...announce])
    )
    for (const peer of [a, b]) {
      await peer.next((told) => told.event === 'identified' && told.dcutr, { signal })
    }
    const isDirect = (told: StockTold): boolean =>
      told.event === 'connection' && told.direct && told.peer === peerId
    return {
      direct: (timeoutMs) => a.next(isDirect, { signal: AbortSignal.timeout(timeoutMs) }),
      [Symbol.asyncDispose]: dispose
    }
  } catch (error) {
    await dispose()
    throw error
  }
}

function start(
  host: Host,
  args: string[],
  env: Record<string, string> = {}
): ReturnType<Host['spawn']> {
  return host.spawn(process.execPath, args, { stdio: 'pipe', env: { ...process.env, ...env } })
}

// A relay that is told to stop while it carries a talk that no punch could make direct: both are told, and try once more.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { twoSites } from '../topologies.ts'
import { play } from './plot.ts'

/** Five rounds of 5 s follow one another; the sixth is due 15 s after them. */
const QUICK_ROUNDS = 5
const QUICK_MS = 60_000

/** The relay's own default. */
const DRAIN_MS = 8_000

it('two symmetric NATs: the relay says that it stops, and both punch again before it has', () =>
  play(twoSites({ a: { nat: 'symmetric' }, b: { nat: 'symmetric' } }), async (scene) => {
    await scene.meet()
    await scene.dialogue.exchange(3, scene.deadline(30_000))
    const tired = scene.deadline(QUICK_MS)
    for (const peer of scene.peers)
      await peer.next((told) => told.event === 'punch' && told.attempt === QUICK_ROUNDS, {
        signal: tired
      })
    const marks = scene.peers.map((peer) => peer.mark())
    scene.relay.kill('SIGTERM')
    const soon = scene.deadline(DRAIN_MS)
    for (const [n, peer] of scene.peers.entries()) {
      const from = marks[n] ?? 0
      const { seconds, relayed } = await peer.next('relay-leaving', { signal: soon, from })
      assert.deepEqual([seconds, relayed.length], [8, 1])
      await peer.next('punch', { signal: soon, from })
    }
    assert.deepEqual(await scene.relay.exited, { code: 0, signal: null })
  }))

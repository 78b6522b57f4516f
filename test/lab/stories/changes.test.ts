// The way between two peers changes in the middle of their talk: it goes on, and becomes direct again.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { PeerEvent } from '../../../peer/events.ts'
import { twoSites } from '../topologies.ts'
import { besideVpn } from '../vpn.ts'
import { play } from './plot.ts'
import type { Scene } from './scene.ts'

const DIRECT_TIMEOUT_MS = 30_000
const TALK_TIMEOUT_MS = 30_000

/** Is no port that a program chooses by itself. */
const ANOTHER_PORT = 20_202

const becomesDirect = (told: PeerEvent): boolean => told.event === 'path' && told.path === 'direct'

/** Resolves with where ben sees anna in the end. */
async function talkWhile(scene: Scene, change: () => Promise<void>): Promise<string> {
  await scene.meet()
  await scene.direct(DIRECT_TIMEOUT_MS)
  const marks = scene.peers.map((peer) => peer.mark())
  const changed = change().then(() => directAgain(scene, marks))
  await scene.dialogue.talkWhile(changed, scene.deadline(DIRECT_TIMEOUT_MS + TALK_TIMEOUT_MS))
  await scene.end()
  scene.dialogue.assertComplete()
  return scene.paths(scene.ben).findLast(({ path }) => path === 'direct')?.address ?? ''
}

async function directAgain(scene: Scene, marks: readonly number[]): Promise<void> {
  const signal = scene.deadline(DIRECT_TIMEOUT_MS)
  for (const [n, peer] of scene.peers.entries()) {
    await peer.next(becomesDirect, { signal, from: marks[n] ?? 0, what: 'a direct path again' })
  }
}

function portOf({ anna }: Scene): number {
  const started = anna.events.find((told) => told.event === 'started')
  assert.ok(started?.event === 'started')
  const [, port] = /\/ip4\/[^/]+\/tcp\/(\d+)/.exec(started.addresses.join()) ?? []
  return Number(port)
}

it('a NAT that forgets its mappings and gives other ports', () =>
  play(twoSites({ a: { nat: 'drop' }, b: { nat: 'drop' } }), async (scene) => {
    const seen = await talkWhile(scene, () => scene.lab.a.renumber(portOf(scene), ANOTHER_PORT))
    assert.match(seen, new RegExp(`^/ip4/7\\.7\\.7\\.2/tcp/${ANOTHER_PORT}\\b`))
  }))

it('a VPN that comes up beside the real interface, and takes everything with it', async () => {
  const lab = await besideVpn()
  await play(lab, async (scene) => {
    const seen = await talkWhile(scene, () => lab.connectVpn())
    assert.match(seen, /^\/ip4\/7\.7\.7\.4\//)
  })
})

// What happens in a story, and what must be true at its end.

import assert from 'node:assert/strict'
import type { PathKind } from '../../../peer/events.ts'
import type { Lab } from '../topologies.ts'
import { Scene, type SceneOptions } from './scene.ts'

/** Two rounds of 5 s, or of 13 s with handshakes that get lost, 11 s between them, and exchanges over a relay that loses packets. */
const DIRECT_TIMEOUT_MS = 45_000

/** A line that is lost is sent again after a second or a few, by the kernel. */
const TALK_TIMEOUT_MS = 30_000

/** The first failed round tells the reason: its window of 5 s, and the exchange before. */
const REASON_TIMEOUT_MS = 20_000

/** What a pair has, seen by its two members. */
export interface Plot {
  /** `relayed`: only a punch can make it direct, so it must be relayed before. */
  first: 'relayed' | 'either'
}

/**
 * The whole promise: they meet, talk, go direct in the middle of their talk, talk on, lose the relay without a
 * warning, talk on, and leave. The scene is as it was left: its events tell how long everything took.
 */
export async function goDirectAndTalkOn(scene: Scene, { first }: Plot): Promise<void> {
  const met = await scene.meet()
  if (first === 'relayed') assertPaths(met, 'relayed')
  await scene.dialogue.exchange(3, scene.deadline(TALK_TIMEOUT_MS))
  const all = scene.deadline(DIRECT_TIMEOUT_MS + TALK_TIMEOUT_MS)
  const direct = await scene.dialogue.talkWhile(scene.direct(DIRECT_TIMEOUT_MS), all)
  assertPaths(direct, 'direct')
  await loseTheRelay(scene)
  await scene.end()
  scene.dialogue.assertComplete()
}

/** No punch can work: they talk over the relay and are told why. Resolves with the reasons that each was told. */
export async function stayRelayedAndSayWhy(scene: Scene): Promise<string[]> {
  assertPaths(await scene.meet(), 'relayed')
  await scene.dialogue.exchange(3, scene.deadline(TALK_TIMEOUT_MS))
  const all = scene.deadline(REASON_TIMEOUT_MS + TALK_TIMEOUT_MS)
  const reasons = await scene.dialogue.talkWhile(scene.whyRelayed(REASON_TIMEOUT_MS), all)
  await scene.dialogue.exchange(5, scene.deadline(TALK_TIMEOUT_MS))
  for (const peer of scene.peers) assertPaths(scene.paths(peer), 'relayed')
  await scene.end()
  scene.dialogue.assertComplete()
  return reasons
}

/** Opens a scene, plays in it, and takes it away again. */
export async function play<T>(
  lab: Promise<Lab> | Lab,
  plot: (scene: Scene) => Promise<T>,
  options: SceneOptions = {}
): Promise<T> {
  await using scene = await Scene.open(lab, options)
  return await plot(scene)
}

async function loseTheRelay(scene: Scene): Promise<void> {
  await scene.dialogue.exchange(3, scene.deadline(TALK_TIMEOUT_MS))
  await scene.killRelay()
  await scene.dialogue.exchange(5, scene.deadline(TALK_TIMEOUT_MS))
  for (const peer of scene.peers) {
    const paths = scene.paths(peer)
    const since = paths.slice(paths.findIndex(({ path }) => path === 'direct'))
    assertPaths(since, 'direct')
  }
}

function assertPaths(paths: ReadonlyArray<{ path: PathKind }>, path: PathKind): void {
  assert.ok(paths.length > 0)
  assert.deepEqual(
    paths.filter((told) => told.path !== path),
    []
  )
}

// Nobody says anything: paths that die are noticed all the same, and those that would be forgotten are kept.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PeerEvent } from '../../../peer/events.ts'
import { twoSites } from '../topologies.ts'
import { play } from './plot.ts'
import type { Scene } from './scene.ts'

const DROP_DROP = { a: { nat: 'drop' }, b: { nat: 'drop' } } as const
const DIRECT_TIMEOUT_MS = 20_000
const TALK_TIMEOUT_MS = 30_000

/** A look at a quiet path comes every 8 s and waits for 6 s; then a circuit is opened. */
const NOTICED_MS = 18_000

/** Shorter than a NAT should keep one (RFC 5382: 2 h 4 min) or any keeps one (a minute), longer than a quiet path is. */
const MAPPING_S = 10

const leavesDirect = (told: PeerEvent): boolean => told.event === 'path' && told.was === 'direct'

const becomesDirect = (told: PeerEvent): boolean => told.event === 'path' && told.path === 'direct'

async function becomeDirect(scene: Scene): Promise<void> {
  await scene.meet()
  await scene.direct(DIRECT_TIMEOUT_MS)
}

it('a direct path that dies in silence is noticed by both within a quarter of a minute', () =>
  play(twoSites(DROP_DROP), async (scene) => {
    await becomeDirect(scene)
    const marks = scene.peers.map((peer) => peer.mark())
    await scene.lab.a.dropBetween(scene.lab.b)
    const signal = scene.deadline(NOTICED_MS)
    for (const [n, peer] of scene.peers.entries()) {
      const told = await peer.next(leavesDirect, {
        signal,
        from: marks[n] ?? 0,
        what: 'another path'
      })
      assert.match(told.event === 'path' ? (told.reason ?? '') : '', /no longer answers/v)
    }
    await scene.dialogue.exchange(3, scene.deadline(TALK_TIMEOUT_MS))
    await scene.end()
    scene.dialogue.assertComplete()
  }))

it('a NAT that forgets quiet mappings does not get the chance', () =>
  play(twoSites(DROP_DROP), async (scene) => {
    await Promise.all([scene.lab.a, scene.lab.b].map((host) => host.keepMappingsFor(MAPPING_S)))
    await becomeDirect(scene)
    const paths = scene.peers.map((peer) => scene.paths(peer).length)
    await sleep(2_500 * MAPPING_S)
    await scene.dialogue.exchange(3, scene.deadline(TALK_TIMEOUT_MS))
    assert.deepEqual(
      scene.peers.flatMap((peer, n) => scene.paths(peer).slice(paths[n])),
      [],
      'it is the same path all the time'
    )
    await scene.end()
    scene.dialogue.assertComplete()
  }))

it('a peer that gets another address goes direct again from there, in the middle of the talk', () =>
  play(twoSites(DROP_DROP), async (scene) => {
    await becomeDirect(scene)
    const { a } = scene.lab
    const moves = async (): Promise<void> => {
      const marks = scene.peers.map((peer) => peer.mark())
      await a.run('ip', ['addr', 'del', '192.168.1.2/24', 'dev', 'eth0'])
      await a.run('ip', ['addr', 'add', '192.168.1.77/24', 'dev', 'eth0'])
      await a.run('ip', ['route', 'replace', 'default', 'via', '192.168.1.1'])
      const signal = scene.deadline(DIRECT_TIMEOUT_MS)
      for (const [n, peer] of scene.peers.entries()) {
        await peer.next(becomesDirect, { signal, from: marks[n] ?? 0, what: 'a direct path again' })
      }
    }
    await scene.dialogue.talkWhile(moves(), scene.deadline(DIRECT_TIMEOUT_MS + TALK_TIMEOUT_MS))
    await scene.end()
    scene.dialogue.assertComplete()
    const offered = scene.ben.events.flatMap((told) =>
      told.event === 'punch' ? told.candidates : []
    )
    assert.ok(
      offered.some((address) => address.includes('7.7.7.2')),
      offered.join()
    )
  }))

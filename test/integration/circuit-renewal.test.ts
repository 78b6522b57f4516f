// Conversations that outlive their circuits: a relay with small limits, and peers that have no other path.
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, it } from 'node:test'
import type { RelayLimits } from '../../relay/limits.ts'
import { relayScene, type RelayScene } from '../support/relay-scene.ts'
import { guest, type Guest } from '../support/room-scene.ts'

const opened = ({ events }: RelayScene): number =>
  events.filter((event) => event.event === 'circuit' && event.action === 'opened').length

/** What was told of paths between the first one and now. */
const paths = (one: Guest): string[] => one.of('path').map(({ path }) => path)

const lines = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `${name}: ${at}`)

interface Talk {
  /** Of each side, in this time. */
  messages: number
  text?: string
  everyMs: number
}

/** Both talk, steadily, and each hears everything of the other once and in order, and nothing of circuits. */
async function talkOver(scene: RelayScene, { messages, text = '', everyMs }: Talk): Promise<void> {
  await using ann = await guest([scene.address], 'ann', { relayedOnly: true })
  await using ben = await guest([scene.address], 'ben', { relayedOnly: true })
  await Promise.all([ann.path('ben', 'relayed'), ben.path('ann', 'relayed')])
  for (let sent = 0; sent < messages; sent += 1) {
    ann.peer.send(`${sent}${text}`)
    ben.peer.send(`${sent}${text}`)
    await sleep(everyMs)
  }
  await Promise.all([ann.hears(messages), ben.hears(messages)])
  const said = (name: string): string[] => lines(name, messages).map((line) => line + text)
  assert.deepEqual([ann.heard(), ben.heard()], [said('ben'), said('ann')])
  for (const one of [ann, ben]) {
    assert.ok(
      paths(one).every((path) => path === 'relayed'),
      paths(one).join()
    )
    assert.deepEqual(one.of('error'), [])
  }
}

async function limited(limits: Partial<RelayLimits>): Promise<RelayScene> {
  return relayScene(limits)
}

describe('a conversation over a relay with limits', { concurrency: 2 }, () => {
  it('moves to a fresh circuit before the time of the old one is over', async () => {
    await using scene = await limited({ 'circuit-seconds': 4 })
    await talkOver(scene, { messages: 400, everyMs: 20 })
    assert.ok(opened(scene) >= 3, `${opened(scene)} circuits`)
    // Two seconds are the least between two of them.
    assert.ok(opened(scene) <= 7, `${opened(scene)} circuits`)
  })

  it('moves to a fresh circuit before the bytes of the old one are used up', async () => {
    await using scene = await limited({ 'circuit-bytes': 256 * 1024 })
    await talkOver(scene, { messages: 200, text: 'x'.repeat(1_000), everyMs: 20 })
    assert.ok(opened(scene) >= 3, `${opened(scene)} circuits`)
  })

  it('does not make a storm of dials when a circuit lasts no longer than a moment', async () => {
    await using scene = await limited({ 'circuit-seconds': 1 })
    await using ann = await guest([scene.address], 'ann', { relayedOnly: true })
    await using ben = await guest([scene.address], 'ben', { relayedOnly: true })
    await Promise.all([ann.knows('ben'), ben.knows('ann')])
    const fromMs = performance.now()
    for (let sent = 0; sent < 50; sent += 1) {
      ann.peer.send(`${sent}`)
      await sleep(100)
    }
    assert.deepEqual(await ben.hears(50), lines('ann', 50))
    const seconds = (performance.now() - fromMs) / 1000
    assert.ok(opened(scene) <= 3 + 2 * seconds, `${opened(scene)} circuits in ${seconds} s`)
  })
})

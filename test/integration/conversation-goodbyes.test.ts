// Goodbyes that come late, and peers that speak on a stream after they were given up.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { encodeChatFrame } from '../../shared/wire/chat.ts'
import { helloOf, line, say } from '../support/raw-member.ts'
import { startNode, Talker } from '../support/talkers.ts'

const BYE = { kind: 'bye' as const, reason: 'late' }

class Scene implements AsyncDisposable {
  readonly ann: Talker
  readonly mal: Libp2p

  static async open(): Promise<Scene> {
    return new Scene(await Talker.start('ann'), await startNode())
  }

  constructor(ann: Talker, mal: Libp2p) {
    this.ann = ann
    this.mal = mal
  }

  async connect(): Promise<Connection> {
    return this.mal.dial(this.ann.node.getMultiaddrs(), { force: true })
  }

  /** How often mal was introduced. */
  get hellos(): number {
    return this.ann.of('hello').length
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.ann[Symbol.asyncDispose](), this.mal.stop()])
  }
}

/** Resolves when the other side has taken it, and ended the stream therefore. */
async function leave(stream: Stream): Promise<void> {
  const ended = once(stream, 'end', { signal: AbortSignal.timeout(10_000) })
  stream.send(encodeChatFrame(BYE))
  await ended
}

test('a goodbye on a connection that was replaced is not taken for one of who has come back', async () => {
  await using scene = await Scene.open()
  const { ann } = scene
  const old = await say(await scene.connect(), helloOf('mal'))
  await ann.until(() => scene.hellos === 1)
  const young = await say(await scene.connect(), helloOf('mal'), line(1))
  await ann.until(() => ann.texts.length === 1)
  await leave(old)
  young.send(encodeChatFrame(line(2)))
  await ann.until(() => ann.texts.length === 2)
  assert.deepEqual(ann.of('bye'), [])
  await leave(young)
  assert.equal(ann.of('bye').length, 1)
  assert.equal(scene.hellos, 1)
})

test('who was given up and speaks on an open stream is there again; who has left is not', async () => {
  await using scene = await Scene.open()
  const { ann, mal } = scene
  const connection = await scene.connect()
  const older = await say(connection, helloOf('mal'))
  await ann.until(() => scene.hellos === 1)
  await ann.conversations.dismiss(mal.peerId.toString(), 'it has left the room')
  older.send(encodeChatFrame(line(1)))
  await ann.until(() => ann.texts.length === 1)
  assert.equal(scene.hellos, 2)
  const younger = await say(connection, helloOf('mal'), line(2))
  await leave(younger)
  older.send(encodeChatFrame(line(3)))
  await ann.until(() => ann.texts.length === 3)
  assert.equal(scene.hellos, 2, 'what was on its way brings nobody back')
})

// The self-check of a relay, when what lies between its ends and the relay breaks and is mended.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { tcpEndpoint, withoutPeer } from '../../shared/addresses.ts'
import { startWatch, type Watch } from '../../relay/status/watch.ts'
import { portOf } from '../support/relay-at.ts'
import { relayScene, type RelayScene } from '../support/relay-scene.ts'
import { eventually } from '../support/eventually.ts'

interface Line {
  address: Multiaddr
  /** Connections stay open and carry nothing. */
  freeze(): void
  mend(): void
}

/** A port in front of the relay. */
async function lineTo(test: TestContext, scene: RelayScene): Promise<Line> {
  const port = tcpEndpoint(withoutPeer(scene.address))?.port ?? 0
  const sockets = new Set<Socket>()
  let frozen = false
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near]
    ] as const) {
      sockets.add(from)
      from.on('data', (data) => frozen || to.write(data))
      from.on('error', () => {})
      from.on('close', () => to.destroy())
    }
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  test.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const peer = scene.relay.peerId
  return {
    address: multiaddr(`/ip4/127.0.0.1/tcp/${portOf(server)}/p2p/${peer}`),
    freeze: () => (frozen = true),
    mend: () => (frozen = false)
  }
}

const until = async (watch: Watch, ready: boolean): Promise<string> => {
  const seen = await eventually(
    () => watch.readiness(),
    (verdict) => verdict.ready === ready && verdict.ageMs !== undefined
  )
  return seen.sentence
}

describe('the self-check', () => {
  it('notices when nothing passes any more, and when it does again; each is told once', async (t) => {
    await using scene = await relayScene()
    const line = await lineTo(t, scene)
    const told: Array<{ ready: boolean; reason?: string }> = []
    await using watch = await startWatch(
      {
        address: () => line.address,
        own: scene.relay.own,
        onChange: (verdict) => told.push(verdict),
        pace: { everyMs: 50, afterFailureMs: 50, timeoutMs: 1000 }
      },
      { signal: new AbortController().signal }
    )
    await until(watch, true)
    line.freeze()
    assert.match(await until(watch, false), /^the self-check .*: nothing happened for 1 s \(/)
    const { failed } = watch.checks
    await eventually(
      () => watch.checks.failed,
      (count) => count > failed
    )
    line.mend()
    await until(watch, true)
    assert.deepEqual(
      told.map(({ ready }) => ready),
      [true, false, true]
    )
    assert.match(told[1]?.reason ?? '', /^the self-check .*: nothing happened for 1 s$/)
    // Its connections are its own affair: nobody is told of them.
    assert.deepEqual(
      scene.events.map(({ event }) => event),
      ['listening']
    )
  })

  it('ends at once, also in the middle of a check, and leaves no connection', async (t) => {
    await using scene = await relayScene()
    const line = await lineTo(t, scene)
    line.freeze()
    const stopping = new AbortController()
    const watch = await startWatch(
      { address: () => line.address, own: scene.relay.own, onChange: () => {} },
      { signal: stopping.signal }
    )
    stopping.abort()
    await watch[Symbol.asyncDispose]()
    assert.deepEqual(watch.checks, { passed: 0, failed: 0 })
    assert.equal(scene.relay.snapshot().connections.length, 0)
  })
})

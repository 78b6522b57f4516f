// A relay that is killed at whatever moment: the next start has the same identity or a new one, never half of one, and
// its peers find all as it was.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { watch } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { lockIdentity } from '../../shared/identity-lock.ts'
import { loadOrCreateIdentity } from '../../shared/identity.ts'
import { CircuitStatus } from '../../shared/wire/circuit.ts'
import { startEcho } from '../support/circuit-echo.ts'
import { patience, reserveRequest } from '../support/raw-circuit.ts'
import { freePort } from '../support/relay-at.ts'
import { guest, statusOf } from '../support/relay-guests.ts'
import { RelayProcess } from '../support/relay-process.ts'
import { scratchFolder } from '../support/scratch.ts'

/** The moments of a start: its folder changes when the key is drafted, named and locked. */
const MOMENTS = [1, 2, 3, 4, 5, 6, 8, 10]

/** Kills a relay when its folder has changed so often, or when it serves. */
async function killedAt(test: TestContext, home: string, changes: number): Promise<void> {
  const relay = new RelayProcess(test, { home })
  const seen = Promise.withResolvers<void>()
  let count = 0
  const watcher = watch(home, () => {
    if (++count === changes) seen.resolve()
  })
  await Promise.race([seen.promise, relay.listening()])
  watcher.close()
  await relay.kill()
}

describe('a relay that is killed', { concurrency: 2 }, () => {
  it('while it starts leaves a whole key or none, and no lock', async (t) => {
    for (const changes of MOMENTS) {
      const home = scratchFolder(t)
      await killedAt(t, home, changes)
      const file = join(home, 'relay.key')
      // Throws when there is half a key, and when somebody seems to hold it.
      await loadOrCreateIdentity(file)
      lockIdentity(file)?.[Symbol.dispose]()
    }
  })

  it('while it serves comes back with its name, at once, and lets everybody in again', async (t) => {
    const home = scratchFolder(t)
    const listen = `/ip4/127.0.0.1/tcp/${await freePort()}`
    const first = await RelayProcess.start(t, { home, listen })
    const echo = await startEcho(first)
    const peer = await guest(first)
    assert.equal(await statusOf(peer, reserveRequest()), CircuitStatus.OK)
    const ended = once(peer.toRelay, 'close', { signal: patience() })
    await first.kill()
    await ended
    await assert.rejects(echo.stop(), 'it ran through the one that was killed')

    const second = await RelayProcess.start(t, { home, listen })
    assert.equal(String(second.address), String(first.address))
    const back = { ...peer, toRelay: await peer.node.dial(second.address, { signal: patience() }) }
    assert.equal(await statusOf(back, reserveRequest()), CircuitStatus.OK)
    await (await startEcho(second)).stop()
    assert.equal(second.program.stderr, '')
  })

  it('while it stops has left nothing that keeps the next one from starting', async (t) => {
    const home = scratchFolder(t)
    const listen = `/ip4/127.0.0.1/tcp/${await freePort()}`
    const first = await RelayProcess.start(t, { home, listen })
    await startEcho(first)
    first.program.child.kill('SIGTERM')
    await first.log.first((event) => event.event === 'draining')
    await first.kill()
    const second = await RelayProcess.start(t, { home, listen })
    assert.equal(String(second.address), String(first.address))
    second.program.child.kill('SIGTERM')
    assert.equal(await second.program.ended(), 0)
  })
})

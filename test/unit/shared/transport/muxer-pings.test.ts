// Who answers pings stays connected, and who does not is disconnected; each is asked once in a round of turns.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Connection } from '@libp2p/interface'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { muxerPings } from '../../../../shared/transport/muxer-pings.ts'

interface Asked {
  connection: Connection
  count: () => number
  ended: Promise<Error>
}

function connection(ping: (options: { signal: AbortSignal }) => Promise<unknown>): Asked {
  const ended = Promise.withResolvers<Error>()
  let count = 0
  const [pair] = multiaddrConnectionPair()
  const muxer = {
    ping: async (options: { signal: AbortSignal }): Promise<unknown> => {
      count++
      return ping(options)
    }
  }
  const made: object = Object.assign(pair, { muxer, abort: ended.resolve })
  assert.ok(isConnection(made))
  return { connection: made, count: () => count, ended: ended.promise }
}

/** As far as pings touch one. */
function isConnection(made: object): made is Connection {
  return 'muxer' in made && 'status' in made && 'abort' in made
}

async function silence({ signal }: { signal: AbortSignal }): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

describe('pings by the muxer', () => {
  it('end the connection of who does not answer, and leave the others', async () => {
    const answers = connection(async () => 1)
    const silent = connection(silence)
    const connectionManager = {
      getConnections: () => [answers.connection, silent.connection]
    }
    const pings = muxerPings({ timeoutMs: 20, turns: 2, turnMs: 5 })({ connectionManager })
    pings.start()
    const error = await silent.ended
    assert.match(error.message, /answers no pings/)
    assert.ok(answers.count() >= 1)
    pings.stop()
    const left = await Promise.race([answers.ended.then(() => false), Promise.resolve(true)])
    assert.ok(left)
  })

  it('ask each connection once in a round', async () => {
    const round = Promise.withResolvers<void>()
    const asked = Array.from({ length: 7 }, () => connection(async () => 1))
    const counts: number[] = []
    const connectionManager = {
      getConnections: () => {
        counts.push(asked.reduce((sum, { count }) => sum + count(), 0))
        if (counts.length > 3) round.resolve()
        return asked.map((each) => each.connection)
      }
    }
    const pings = muxerPings({ timeoutMs: 1000, turns: 3, turnMs: 1 })({ connectionManager })
    pings.start()
    await round.promise
    pings.stop()
    assert.deepEqual(counts.slice(0, 4), [0, 3, 5, 7])
  })

  it('end nothing when they are stopped while they wait', async () => {
    const silent = connection(silence)
    const asked = Promise.withResolvers<void>()
    const connectionManager = {
      getConnections: () => {
        setImmediate(asked.resolve)
        return [silent.connection]
      }
    }
    const pings = muxerPings({ timeoutMs: 10_000, turns: 1, turnMs: 1 })({ connectionManager })
    pings.start()
    await asked.promise
    pings.stop()
    await new Promise((resolve) => setImmediate(resolve))
    const left = await Promise.race([silent.ended.then(() => false), Promise.resolve(true)])
    assert.ok(left)
    assert.equal(silent.count() >= 1, true)
  })
})

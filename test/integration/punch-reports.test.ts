// Punches that peers choose to tell of: counted in the relay's metrics, and worth nothing else to anybody.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import type { PeerEvent } from '../../peer/events.ts'
import { startPunchReports } from '../../peer/punch-reports.ts'
import { lengthPrefixed } from '../../shared/wire/field-writer.ts'
import { encodeReport, REPORT_PROTOCOL } from '../../shared/wire/report.ts'
import { parsePrometheus } from '../support/prometheus-text.ts'
import { patience } from '../support/raw-circuit.ts'
import { guest, type Guest } from '../support/relay-guests.ts'
import { relayScene, type RelayScene } from '../support/relay-scene.ts'
import { eventually } from '../support/eventually.ts'
import { statusScene, type StatusScene } from '../support/relay-status.ts'

const REPORT = encodeReport({ outcome: 'failed', ownPort: 'kept', remotePort: 'changed' })
const SOMEBODY = '12D3KooWEHUQf4tPKh6TeSX5WdAhMP5xmtLXQDAeWrfUW8TLKvvv'
const COUNTED = 'parley_relay_punches_reported_total{'
const FAILED = `${COUNTED}outcome="failed",own_port="kept",remote_port="changed"}`

/** Resolves when the relay has closed or reset the stream. */
async function tell(from: Guest, bytes: Uint8Array): Promise<'taken' | 'reset'> {
  const stream = await from.toRelay.newStream(REPORT_PROTOCOL, { signal: patience() })
  const over = Promise.withResolvers<'taken' | 'reset'>()
  stream.addEventListener('close', ({ error }) =>
    over.resolve(error === undefined ? 'taken' : 'reset')
  )
  // Who is not let in is not read.
  if (stream.status !== 'open') return 'reset'
  stream.send(bytes)
  await stream.close({ signal: patience() }).catch(() => {})
  return over.promise
}

async function shown(scene: RelayScene): Promise<StatusScene> {
  const status = await statusScene()
  await status.show(scene.relay)
  return status
}

async function metrics(status: StatusScene): Promise<Map<string, number>> {
  return parsePrometheus((await status.get('/metrics')).text).samples
}

const counted = (samples: Map<string, number>): Array<[string, number]> =>
  [...samples].filter(([name]) => name.startsWith(COUNTED))

describe('punches that are told of', { concurrency: 2 }, () => {
  it('are counted by how they ended and what became of the ports', async () => {
    await using scene = await relayScene()
    await using status = await shown(scene)
    const ann = await guest(scene)
    const listeners = new Set<(event: PeerEvent) => void>()
    const address = multiaddr('/ip4/198.51.100.7/tcp/4001')
    using _ = startPunchReports(
      {
        node: ann.node,
        relays: () => [{ relay: scene.relay.peerId, address: '', state: 'reserved', sinceMs: 0 }],
        own: () => ({ mapped: [address], listening: [address], announced: [] }),
        subscribe: (listener) => {
          listeners.add(listener)
          return () => void listeners.delete(listener)
        }
      },
      { signal: patience() }
    )
    const how = { attempt: 1, via: 'dcutr', role: 'initiator', outcome: 'direct', ms: 1 } as const
    for (const listener of listeners) {
      listener({ event: 'punch', peer: 'a', candidates: [], ...how })
    }
    const samples = await eventually(
      async () => metrics(status),
      (seen) => counted(seen).length > 0
    )
    const name = `${COUNTED}outcome="direct",own_port="kept",remote_port="unknown"}`
    assert.deepEqual(counted(samples), [[name, 1]])
  })

  it('add up, and garbage adds nothing', async () => {
    await using scene = await relayScene()
    await using status = await shown(scene)
    const ann = await guest(scene)
    assert.equal(await tell(ann, lengthPrefixed(REPORT)), 'taken')
    assert.equal(await tell(ann, lengthPrefixed(REPORT)), 'taken')
    for (const garbage of [[0], [2, 8, 9], [0xff, 0xff, 0xff], [9, 1]]) {
      assert.equal(await tell(ann, Uint8Array.from(garbage)), 'reset', garbage.join(' '))
    }
    assert.deepEqual(counted(await metrics(status)), [[FAILED, 2]])
  })

  it('are few in a minute, as requests are, and the refusal has a reason', async () => {
    await using scene = await relayScene({ 'hop-rate-per-peer': 2 })
    await using status = await shown(scene)
    const ann = await guest(scene)
    const ends = []
    for (const _ of [1, 2, 3]) ends.push(await tell(ann, lengthPrefixed(REPORT)))
    assert.deepEqual(ends, ['taken', 'taken', 'reset'])
    const samples = await metrics(status)
    assert.equal(samples.get(FAILED), 2)
    const refused = 'parley_relay_refusals_total{request="report",reason="hop-rate-per-peer"}'
    assert.equal(samples.get(refused), 1)
  })

  it('are not taken from those whom the relay is not for', async () => {
    await using scene = await relayScene({}, { access: { allow: [SOMEBODY] } })
    await using status = await shown(scene)
    assert.equal(await tell(await guest(scene), lengthPrefixed(REPORT)), 'reset')
    assert.deepEqual(counted(await metrics(status)), [])
  })
})

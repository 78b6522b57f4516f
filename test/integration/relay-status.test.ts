// What a real relay says of itself over HTTP: whether it relays, how much, and what is in its books.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { LIMIT_NAMES } from '../../relay/limits.ts'
import { CircuitStatus } from '../../shared/wire/circuit.ts'
import type { StatusView } from '../../relay/status/view.ts'
import { ROOT } from '../support/program.ts'
import { NO_REDIS, RedisServer } from '../support/redis-server.ts'
import { parsePrometheus } from '../support/prometheus-text.ts'
import { askHop, connectRequest, patience, reserveRequest } from '../support/raw-circuit.ts'
import { guest, statusOf, target } from '../support/relay-guests.ts'
import { relayScene } from '../support/relay-scene.ts'
import { eventually } from '../support/eventually.ts'
import { statusScene, type StatusScene } from '../support/relay-status.ts'

const ready = async (status: StatusScene): Promise<string> => {
  const { text } = await eventually(
    async () => status.get('/readyz'),
    (answer) => answer.status === 200
  )
  return text
}

const view = async (status: StatusScene): Promise<StatusView> =>
  JSON.parse((await status.get('/status.json')).text)

describe('the status port of a relay', () => {
  it('is alive before it is ready, and ready once bytes came back through a circuit', async () => {
    await using status = await statusScene()
    assert.equal((await status.get('/healthz')).status, 200)
    const early = await status.get('/readyz')
    assert.equal(early.status, 503)
    assert.match(early.text, /^not ready: the first self-check has not ended yet\n$/)
    assert.equal((await status.get('/status.json')).status, 503)
    assert.equal((await status.get('/metrics')).status, 503)

    await using scene = await relayScene()
    await status.show(scene.relay)
    assert.match(
      await ready(status),
      /^ready: a circuit through this relay carried bytes there and/
    )
    assert.deepEqual(status.events, [{ event: 'readiness', ready: true }])
  })

  it('checks itself at nobody’s cost: no place is taken, nothing is told, nothing is counted', async () => {
    await using scene = await relayScene({
      connections: 2,
      'connections-per-host': 2,
      'connection-rate-per-host': 2,
      'handshakes-per-host': 2,
      'hop-rate-per-peer': 1,
      'hop-rate-per-host': 2,
      reservations: 1,
      'reservations-per-host': 1,
      circuits: 1,
      'circuits-per-host': 0
    })
    await using status = await statusScene({ everyMs: 1 })
    await status.show(scene.relay)
    await ready(status)
    const first = await guest(scene)
    assert.equal(await statusOf(first, reserveRequest()), CircuitStatus.OK)
    const second = await guest(scene)
    assert.equal(await statusOf(second, reserveRequest()), CircuitStatus.RESERVATION_REFUSED)
    // The relay is full now, and goes on relaying for those who are in.
    const passed = async (): Promise<number> =>
      parsePrometheus((await status.get('/metrics')).text).samples.get(
        'parley_relay_self_checks_total{result="passed"}'
      ) ?? 0
    const before = await passed()
    await eventually(passed, (count) => count > before + 3)
    const { connections, totals, reservations, refusals, usage } = await view(status)
    assert.deepEqual(
      Object.entries(refusals).filter(([, count]) => count > 0),
      [['reservations', 1]]
    )
    const taken = usage.find(({ limit }) => limit === 'connections')
    assert.deepEqual(taken, { limit: 'connections', used: 2, max: 2 })
    assert.deepEqual([connections, reservations.rows.length], [2, 1])
    assert.deepEqual([totals.reservationsGranted, totals.circuitsOpened, totals.bytes], [1, 0, 0])
    const peers = new Set([first.id, second.id])
    for (const event of scene.events) assert.ok(!('peer' in event) || peers.has(event.peer))
  })

  it('keeps others from the far end of the self-check', async () => {
    await using scene = await relayScene()
    await using status = await statusScene({ everyMs: 1 })
    await status.show(scene.relay)
    await ready(status)
    const stranger = await guest(scene)
    const { peerIdFromString } = await import('@libp2p/peer-id')
    for (const own of scene.relay.own.peers) {
      const answer = await statusOf(stranger, connectRequest(peerIdFromString(own)))
      assert.equal(answer, CircuitStatus.NO_RESERVATION)
    }
  })

  it('is not ready while circuits of the relay carry nothing, and says at which step it ends', async () => {
    // Less than the self-check sends.
    await using scene = await relayScene({ 'circuit-bytes': 100 })
    await using status = await statusScene({ afterFailureMs: 1 })
    await status.show(scene.relay)
    const { text } = await eventually(
      async () => status.get('/readyz'),
      (answer) => !answer.text.includes('has not ended yet')
    )
    assert.match(text, /^not ready: the self-check got no bytes through its circuit: /)
    assert.equal((await status.get('/readyz')).status, 503)
    assert.equal((await view(status)).health.ready, false)
    const [event] = status.events
    assert.ok(event?.event === 'readiness' && !event.ready)
    assert.match(event.reason ?? '', /^the self-check got no bytes/)
    const { samples } = parsePrometheus((await status.get('/metrics')).text)
    assert.equal(samples.get('parley_relay_ready'), 0)
  })

  it('stops being ready when the relay stops serving, and the process is still alive', async () => {
    await using status = await statusScene({ everyMs: 1, afterFailureMs: 1 })
    {
      await using scene = await relayScene()
      await status.show(scene.relay)
      await ready(status)
    }
    const { text } = await eventually(
      async () => status.get('/readyz'),
      (answer) => answer.status === 503
    )
    assert.match(text, /^not ready: the self-check (?:could not connect|found no address|got no)/)
    assert.equal((await status.get('/healthz')).status, 200)
  })

  it(
    'is not ready while its rooms are elsewhere and cannot be used',
    { skip: NO_REDIS },
    async (t) => {
      const redis = await RedisServer.start(t)
      await using scene = await relayScene({}, { rooms: redis.url })
      await using status = await statusScene()
      await status.show(scene.relay)
      await ready(status)
      await redis.kill()
      const { text } = await eventually(
        async () => status.get('/readyz'),
        (answer) => answer.status === 503
      )
      assert.match(text, /^not ready: rooms at redis:\/\/127\.0\.0\.1:\d+\/0 cannot be used: /)
      assert.equal((await view(status)).health.ready, false)
      await redis.start()
      await ready(status)
    }
  )

  it('shows a circuit while it lasts, and counts it when it has ended', async () => {
    await using scene = await relayScene()
    await using status = await statusScene()
    await status.show(scene.relay)
    const host = await target(scene, { first: Buffer.from('welcome') })
    const from = await guest(scene)
    const { stream } = await askHop(from.toRelay, connectRequest(host.node.peerId))
    const { stream: far } = await host.taken
    far.addEventListener('message', () => {})
    stream.send(Buffer.alloc(1000))
    const { circuits } = await eventually(
      async () => view(status),
      (seen) => (seen.circuits.rows[0]?.bytesToTarget ?? 0) >= 1000
    )
    const [row] = circuits.rows
    assert.ok(row !== undefined)
    assert.deepEqual(
      [row.from, row.to, row.bytesToTarget, row.bytesFromTarget],
      [from.id, host.id, 1000, 7]
    )
    assert.equal(row.maxBytes, 64 * 1024 * 1024)
    assert.ok(row.endsAtMs > row.openedAtMs)

    stream.abort(new Error('enough'))
    const metrics = await eventually(
      async () => parsePrometheus((await status.get('/metrics')).text).samples,
      (samples) => samples.get('parley_relay_circuits') === 0
    )
    assert.equal(metrics.get('parley_relay_circuits_opened_total'), 1)
    assert.equal(metrics.get('parley_relay_circuits_closed_total{reason="connection failed"}'), 1)
    assert.equal(metrics.get('parley_relay_relayed_bytes_total'), 1007)
    assert.equal(metrics.get('parley_relay_reservations'), 1)
    assert.equal(metrics.get('parley_relay_connections{direction="inbound"}'), 2)
    await from.toRelay.close({ signal: patience() })
  })

  it('exports every metric that the dashboard draws, in Prometheus’ format, with no peer in a label', async () => {
    await using scene = await relayScene({ reservations: 1 })
    await using status = await statusScene()
    await status.show(scene.relay)
    await ready(status)
    await target(scene)
    const other = await guest(scene)
    assert.equal(await statusOf(other, reserveRequest()), CircuitStatus.RESERVATION_REFUSED)
    const { text, headers } = await status.get('/metrics')
    assert.match(headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
    const { types, samples } = parsePrometheus(text)
    assert.equal(
      samples.get('parley_relay_refusals_total{request="reservation",reason="reservations"}'),
      1
    )
    assert.equal(samples.get('parley_relay_limit_refusals_total{limit="reservations"}'), 1)
    assert.equal(samples.get('parley_relay_limit_used{limit="connections-per-host"}'), 2)
    assert.equal(samples.get('parley_relay_draining'), 0)
    assert.doesNotMatch(text, /12D3KooW|127\.0\.0\.1/)
    for (const limit of LIMIT_NAMES) {
      assert.ok(samples.has(`parley_relay_limit_refusals_total{limit="${limit}"}`), limit)
    }
    const unused = LIMIT_NAMES.filter(
      (limit) => !samples.has(`parley_relay_limit_used{limit="${limit}"}`)
    )
    assert.deepEqual(
      unused.filter((limit) => !limit.endsWith('-seconds')),
      // What a circuit has used is its own, and so is what a registration has.
      ['circuit-bytes', 'meetings-per-registration']
    )

    const file = readFileSync(join(ROOT, 'relay/status/grafana-dashboard.json'), 'utf8')
    const dashboard: { panels: Array<{ targets: Array<{ expr: string }> }> } = JSON.parse(file)
    const drawn = new Set(
      dashboard.panels.flatMap(({ targets }) =>
        targets.flatMap(({ expr }) => expr.match(/\b(?:parley|process|nodejs)_\w+/g) ?? [])
      )
    )
    assert.ok(drawn.size > 20, `${drawn.size}`)
    assert.deepEqual(
      [...drawn].filter((name) => !types.has(name)),
      []
    )
    const own = [...types.keys()].filter((name) => name.startsWith('parley_'))
    assert.deepEqual(
      own.filter((name) => !drawn.has(name)),
      ['parley_relay_info']
    )
  })
})

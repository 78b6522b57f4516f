// The relay's figures for Prometheus. Everything is read from a snapshot when somebody asks: nothing is counted while
// bytes pass. Labels are names from short lists, never peer ids, rooms or hosts.
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'
import type { Readiness } from './readiness.ts'
import type { RelaySnapshot } from './snapshot.ts'

export interface Measured {
  snapshot: RelaySnapshot
  health: Readiness
  checks: { passed: number; failed: number }
  version: string
}

export interface Metrics {
  readonly contentType: string
  /** In Prometheus' text format. */
  text(measured: Measured): Promise<string>
}

/** Made when it is first asked for. Its observers of event loop and garbage collection cannot be removed: one a process. */
let ofProcess: Registry | undefined

function processMetrics(): Registry {
  if (ofProcess === undefined) {
    ofProcess = new Registry()
    collectDefaultMetrics({ register: ofProcess })
  }
  return ofProcess
}

/** Samples of one metric: the values of its labels, and the number. */
type Samples = Array<readonly [labels: Record<string, string>, value: number]>

interface Definition {
  name: string
  help: string
  kind: 'gauge' | 'counter'
  labels?: string[]
  read: (measured: Measured) => number | undefined | Samples
}

const gauge = (
  name: string,
  help: string,
  read: Definition['read'],
  ...labels: string[]
): Definition => ({
  name: `parley_relay_${name}`,
  help,
  kind: 'gauge',
  labels,
  read
})

const counter = (...args: Parameters<typeof gauge>): Definition => ({
  ...gauge(...args),
  kind: 'counter'
})

const DEFINITIONS: Definition[] = [
  gauge(
    'info',
    'Always 1; the version is its label.',
    ({ version }) => [[{ version }, 1]],
    'version'
  ),
  gauge(
    'start_time_seconds',
    'When the relay began to serve, in Unix time.',
    ({ snapshot }) => snapshot.startedAtMs / 1000
  ),
  gauge(
    'ready',
    '1 when the last self-check brought bytes through a circuit, else 0.',
    ({ health }) => (health.ready ? 1 : 0)
  ),
  gauge('self_check_age_seconds', 'Since the last self-check ended.', ({ health }) =>
    seconds(health.ageMs)
  ),
  gauge('self_check_duration_seconds', 'How long the last self-check took.', ({ health }) =>
    seconds(health.tookMs)
  ),
  counter(
    'self_checks_total',
    'Self-checks by result.',
    ({ checks }) => byName('result', checks),
    'result'
  ),
  gauge('reservations', 'Reservations held now.', ({ snapshot }) => snapshot.reservations.length),
  counter(
    'reservations_granted_total',
    'Reservations granted: new ones, and renewals.',
    ({ snapshot: { totals } }) =>
      byName('kind', { new: totals.reservationsGranted, renewed: totals.reservationsRenewed }),
    'kind'
  ),
  gauge('circuits', 'Circuits open now.', ({ snapshot }) => snapshot.circuits.length),
  counter(
    'circuits_opened_total',
    'Circuits opened.',
    ({ snapshot }) => snapshot.totals.circuitsOpened
  ),
  counter(
    'circuits_closed_total',
    'Circuits that have ended, by why.',
    ({ snapshot }) => byName('reason', snapshot.totals.circuitsClosed),
    'reason'
  ),
  counter(
    'relayed_bytes_total',
    'Bytes passed on through circuits, both directions together.',
    ({ snapshot }) => snapshot.totals.bytes
  ),
  counter(
    'refusals_total',
    'What was refused, by what was asked for and why: the name of a limit or of a rule of access, where it was one.',
    refusals,
    'request',
    'reason'
  ),
  counter(
    'limit_refusals_total',
    'How often a limit has refused or ended something.',
    ({ snapshot }) => byName('limit', snapshot.refusals),
    'limit'
  ),
  counter(
    'punches_reported_total',
    'How searches for a direct path have ended, as peers tell that choose to (--report-punches), by what became of the ports of both.',
    punches,
    'outcome',
    'own_port',
    'remote_port'
  ),
  gauge(
    'draining',
    '1 when the relay is about to stop and takes nothing new, else 0.',
    ({ snapshot }) => (snapshot.draining ? 1 : 0)
  ),
  gauge('registrations', 'Registrations in rooms now.', ({ snapshot }) => snapshot.registrations),
  gauge('rooms', 'Rooms with somebody in them.', ({ snapshot }) => snapshot.rooms),
  gauge('connections', 'libp2p connections by who dialled.', connections, 'direction'),
  gauge('streams', 'libp2p streams by protocol.', streams, 'protocol'),
  gauge(
    'limit_used',
    'How much of a limit is taken.',
    ({ snapshot }) => snapshot.usage.map(({ limit, used }) => [{ limit }, used]),
    'limit'
  ),
  gauge(
    'limit_max',
    'The limit.',
    ({ snapshot }) => snapshot.usage.map(({ limit, max }) => [{ limit }, max]),
    'limit'
  )
]

export function createMetrics(): Metrics {
  const registry = new Registry()
  const shown = DEFINITIONS.map((definition) => {
    const { name, help, labels = [], kind } = definition
    const options = { name, help, labelNames: labels, registers: [registry] }
    const metric = kind === 'gauge' ? new Gauge(options) : new Counter(options)
    return { metric, read: definition.read }
  })
  const all = Registry.merge([registry, processMetrics()])
  return {
    contentType: registry.contentType,
    text: async (measured) => {
      for (const { metric, read } of shown) {
        metric.reset()
        for (const [labels, value] of samplesOf(read(measured))) metric.inc(labels, value)
      }
      return all.metrics()
    }
  }
}

function samplesOf(read: number | undefined | Samples): Samples {
  if (read === undefined) return []
  return typeof read === 'number' ? [[{}, read]] : read
}

const seconds = (ms: number | undefined): number | undefined =>
  ms === undefined ? undefined : ms / 1000

const byName = (label: string, values: Record<string, number>): Samples =>
  Object.entries(values).map(([name, value]) => [{ [label]: name }, value] as const)

function refusals({ snapshot }: Measured): Samples {
  return Object.entries(snapshot.totals.refused).map(([key, count]) => {
    const [request = '', reason = ''] = key.split('/')
    return [{ request, reason }, count] as const
  })
}

function punches({ snapshot }: Measured): Samples {
  return Object.entries(snapshot.totals.punches).map(([key, count]) => {
    const [outcome = '', ownPort = '', remotePort = ''] = key.split('/')
    return [{ outcome, own_port: ownPort, remote_port: remotePort }, count] as const
  })
}

function connections({ snapshot }: Measured): Samples {
  const count = { inbound: 0, outbound: 0 }
  for (const { direction } of snapshot.connections) count[direction]++
  return byName('direction', count)
}

/** A stranger can have streams only in protocols that the relay speaks; one being negotiated has none yet. */
function streams({ snapshot }: Measured): Samples {
  const count: Record<string, number> = {}
  for (const { protocols } of snapshot.connections) {
    for (const protocol of protocols) {
      const name = protocol === '' ? 'negotiating' : protocol
      count[name] = (count[name] ?? 0) + 1
    }
  }
  return byName('protocol', count)
}

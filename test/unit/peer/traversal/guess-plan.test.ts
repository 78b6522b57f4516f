// Which ports are guessed, with how many sockets, and when it is not worth it.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  array,
  assert as holds,
  constant,
  constantFrom,
  integer,
  nat,
  property,
  record
} from 'fast-check'
import {
  guessedPorts,
  mostSockets,
  planGuesses,
  shotsOf,
  type GuessPlan
} from '../../../../peer/traversal/guess-plan.ts'
import { NAT_MAPPINGS, NAT_PORTS, type NatReport } from '../../../../shared/wire/nat-report.ts'

const ENOUGH: Pick<NatReport, 'hosts' | 'sockets' | 'filtering' | 'proofs'> = {
  hosts: 1,
  sockets: 1_536,
  filtering: 'drop',
  proofs: []
}
const CONE: NatReport = {
  ...ENOUGH,
  mapping: 'endpoint-independent',
  ports: 'preserved',
  seenPorts: [4_001, 4_001]
}
const DEPENDENT = { ...ENOUGH, mapping: 'address-and-port-dependent' } as const
const RANDOM: NatReport = { ...DEPENDENT, ports: 'random', seenPorts: [40_001, 1_417, 60_952] }
const SEQUENCE: NatReport = { ...DEPENDENT, ports: 'sequential', step: 2, seenPorts: [500, 5_002] }
const BLOCK: NatReport = { ...DEPENDENT, ports: 'block', seenPorts: [40_100, 40_400, 40_200] }

/** What a plan is, in a word or two. */
function told(plan: GuessPlan): string {
  if (plan.kind === 'hopeless') return plan.why
  return plan.kind === 'plain' ? plan.kind : `${plan.kind} ${plan.sockets}`
}

const ports = (plan: GuessPlan): [number, number] | undefined =>
  'ports' in plan ? [plan.ports.low, plan.ports.high] : undefined

describe('the plan for guessing ports', () => {
  for (const [what, own, other, mine, yours] of [
    ['nothing to guess between two NATs that keep to one port', CONE, CONE, 'plain', 'plain'],
    ['many from both sides for a random port', RANDOM, CONE, 'aim 384', 'guess 1024'],
    ['few for a sequence', SEQUENCE, CONE, 'aim 32', 'guess 256'],
    ['a whole block for a block', BLOCK, CONE, 'aim 32', 'guess 511'],
    ['one port of each for two sequences', SEQUENCE, SEQUENCE, 'scatter 64', 'scatter 64'],
    ['many between two blocks', BLOCK, BLOCK, 'scatter 1536', 'scatter 1536'],
    ['a sequence not beyond its range', SEQUENCE, BLOCK, 'scatter 256', 'scatter 1536'],
    ['no hope between two random ones', RANDOM, RANDOM, 'both-change-ports', 'both-change-ports'],
    ['no hope for a sequence', SEQUENCE, RANDOM, 'both-change-ports', 'both-change-ports'],
    ['no hope for a pool', { ...RANDOM, hosts: 2 }, CONE, 'pool', 'pool']
  ] as Array<[string, NatReport, NatReport, string, string]>) {
    it(`has ${what}, and both sides know`, () => {
      assert.deepEqual(
        [told(planGuesses(own, other)), told(planGuesses(other, own))],
        [mine, yours]
      )
    })
  }

  it('looks where the other one will be: after its last port, around its block, or anywhere', () => {
    assert.deepEqual(ports(planGuesses(CONE, SEQUENCE)), [5_004, 5_514])
    assert.deepEqual(ports(planGuesses(CONE, { ...SEQUENCE, step: -2 })), [4_490, 5_000])
    assert.deepEqual(ports(planGuesses(CONE, BLOCK)), [39_995, 40_505])
    assert.deepEqual(ports(planGuesses(CONE, RANDOM)), [1_024, 65_535])
    assert.deepEqual(ports(planGuesses(SEQUENCE, SEQUENCE)), [5_050, 5_050])
  })

  it('has no hope of one port that nobody else has seen, but a try', () => {
    const doubtful: NatReport = {
      ...ENOUGH,
      mapping: 'unknown',
      ports: 'unknown',
      seenPorts: [9_999]
    }
    assert.equal(told(planGuesses(doubtful, CONE)), 'aim 384')
    assert.equal(told(planGuesses({ ...doubtful, seenPorts: [] }, CONE)), 'plain')
  })

  it('makes do with fewer sockets while one pair is still likely to meet', () => {
    const few = { ...CONE, sockets: 200 }
    assert.equal(told(planGuesses(few, RANDOM)), 'guess 200')
    assert.equal(told(planGuesses({ ...CONE, sockets: 100 }, RANDOM)), 'few-sockets')
    assert.deepEqual(planGuesses({ ...RANDOM, sockets: 0 }, CONE), {
      kind: 'hopeless',
      why: 'few-sockets',
      mine: 384,
      yours: 1_024
    })
  })

  it('asks for as many sockets as the best plan of such a NAT takes', () => {
    assert.deepEqual([CONE, RANDOM, SEQUENCE, BLOCK].map(mostSockets), [1_024, 384, 256, 1_536])
  })

  it('never takes more sockets or tries than its caps, nor a port of the system, whatever the other side says', () => {
    const report = record<NatReport>({
      mapping: constantFrom(...NAT_MAPPINGS),
      ports: constantFrom(...NAT_PORTS),
      step: integer({ min: -65_536, max: 65_536 }).filter((step) => step !== 0),
      filtering: constant('unknown'),
      seenPorts: array(integer({ min: 1, max: 65_535 }), { maxLength: 16 }),
      hosts: nat({ max: 3 }),
      sockets: constantFrom(0, 10, 1_000, 65_536),
      proofs: constant([])
    })
    holds(
      property(report, report, (own, other) => {
        const plan = planGuesses(own, other)
        if (plan.kind === 'plain' || plan.kind === 'hopeless') return
        assert.ok(plan.sockets <= Math.min(own.sockets, mostSockets(own)) && plan.shots <= 3_072)
        const ends = {
          target: { host: '7.7.7.3', port: 4_001 },
          local: { host: '0.0.0.0', port: 1 }
        }
        const shots = shotsOf(plan, ends, () => 0.5)
        for (let n = 0; n < 300; n += 1) {
          const { value } = shots.next()
          assert.ok(value !== undefined && value.host === '7.7.7.3')
          assert.ok(value.port >= 1_024 && value.port <= 65_535, `${value.port}`)
        }
      })
    )
  })
})

const first = (count: number, generator: Iterator<number>): number[] =>
  Array.from({ length: count }, () => generator.next().value ?? 0)

describe('guessed ports', () => {
  it('come in the order of the sequence, and then again', () => {
    const up = guessedPorts({ low: 10, high: 14, step: 2, order: 'up' }, Math.random)
    assert.deepEqual(first(4, up), [10, 12, 14, 10])
    const down = guessedPorts({ low: 10, high: 14, step: 2, order: 'down' }, Math.random)
    assert.deepEqual(first(4, down), [14, 12, 10, 14])
  })

  it('come each once when they are shuffled', () => {
    const shuffled = guessedPorts({ low: 1, high: 50, step: 1, order: 'shuffled' }, Math.random)
    assert.equal(new Set(first(50, shuffled)).size, 50)
  })
})

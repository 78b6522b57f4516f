// What is concluded from where others see one listening port, contradictions included.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import {
  classifyNat,
  isSymmetric,
  outsideHosts,
  type NatKind,
  type Observation
} from '../../../../peer/nat/nat-kind.ts'

const OWN = { listeningPort: 4001, hosts: ['192.168.1.2'] }

/** `destination → address`, optionally `from PORT`; one a millisecond, except what is `long ago`, or `later` by a minute. */
function seen(...lines: string[]): Observation[] {
  return lines.map((line, n) => {
    const [, toHost, toPort, host, port, from, when] =
      /^(\S+):(\d+) → (\S+):(\d+)(?: from (\d+))?(?:, (long ago|later))?$/.exec(line) ?? []
    return {
      destination: { host: toHost!, port: Number(toPort) },
      address: { host: host!, port: Number(port) },
      ...(from === undefined ? {} : { freshPort: Number(from) }),
      ...(when === 'long ago' ? {} : { atMs: when === 'later' ? 60_000 + n : n })
    }
  })
}

function kindOf(...lines: string[]): Omit<NatKind, 'seen' | 'filtering'> {
  const { seen: _, filtering: __, ...kind } = classifyNat(OWN, seen(...lines))
  return kind
}

function sequential(step: number): Omit<NatKind, 'seen' | 'filtering'> {
  return { mapping: 'address-and-port-dependent', ports: 'sequential', step }
}

function at(...ports: number[]): Omit<NatKind, 'seen' | 'filtering'> {
  return kindOf(...ports.map((port, n) => `7.7.7.1:${n + 1} → 7.7.7.2:${port}`))
}

describe('the kind of a NAT', () => {
  it('is unknown when nobody has seen us', () => {
    assert.deepEqual(kindOf(), { mapping: 'unknown', ports: 'unknown' })
  })

  it('is none when we are seen at our own address', () => {
    const kind = kindOf('7.7.7.1:1 → 192.168.1.2:4001', '7.7.7.1:2 → 192.168.1.2:4001')
    assert.deepEqual(kind, { mapping: 'none', ports: 'preserved' })
  })

  it('does not depend on a relay of our own network, which sees us where we are', () => {
    const kind = kindOf(
      '192.168.1.9:1 → 192.168.1.2:4001',
      '192.168.1.9:3 → 192.168.1.2:4001',
      '7.7.7.1:1 → 7.7.7.2:4001',
      '7.7.7.1:3 → 7.7.7.2:4001'
    )
    assert.deepEqual(kind, { mapping: 'endpoint-independent', ports: 'preserved' })
  })

  it('is that of the outer NAT where a relay sits between two of them', () => {
    const kind = kindOf(
      '100.64.0.1:1 → 100.64.0.2:4001',
      '7.7.7.1:1 → 7.7.7.2:600',
      '7.7.7.1:3 → 7.7.7.2:7000'
    )
    assert.deepEqual(kind, { mapping: 'address-and-port-dependent', ports: 'random' })
  })

  it('has no mapping known from one destination, but its port may have been kept', () => {
    assert.deepEqual(kindOf('7.7.7.1:1 → 7.7.7.2:4001'), { mapping: 'unknown', ports: 'preserved' })
    assert.deepEqual(kindOf('7.7.7.1:1 → 7.7.7.2:9'), { mapping: 'unknown', ports: 'unknown' })
  })

  it('is endpoint-independent when all destinations see one address', () => {
    const kept = kindOf('7.7.7.1:1 → 7.7.7.2:4001', '8.8.8.1:1 → 7.7.7.2:4001')
    assert.deepEqual(kept, { mapping: 'endpoint-independent', ports: 'preserved' })
    const changed = kindOf('7.7.7.1:1 → 7.7.7.2:5555', '7.7.7.1:2 → 7.7.7.2:5555')
    assert.deepEqual(changed, { mapping: 'endpoint-independent', ports: 'changed' })
  })

  it('is address-dependent when ports of one host see one address and another host sees another', () => {
    const kind = kindOf(
      '7.7.7.1:1 → 7.7.7.2:50000',
      '7.7.7.1:2 → 7.7.7.2:50000',
      '8.8.8.1:1 → 7.7.7.2:61111'
    )
    assert.deepEqual(kind, { mapping: 'address-dependent', ports: 'random' })
  })

  it('is address-and-port-dependent when two ports of one host see two addresses', () => {
    const kind = kindOf('7.7.7.1:1 → 7.7.7.2:50000', '7.7.7.1:2 → 7.7.7.2:61111')
    assert.deepEqual(kind, { mapping: 'address-and-port-dependent', ports: 'random' })
  })

  it('is taken for the worst when no two destinations share a host', () => {
    const kind = kindOf('7.7.7.1:1 → 7.7.7.2:50000', '8.8.8.1:1 → 7.7.7.2:61111')
    assert.equal(kind.mapping, 'address-and-port-dependent')
  })

  it('is symmetric when the port is kept for one destination only', () => {
    const kind = kindOf('7.7.7.1:1 → 7.7.7.2:4001', '7.7.7.1:2 → 7.7.7.2:61111')
    assert.deepEqual(kind, { mapping: 'address-and-port-dependent', ports: 'random' })
  })
})

describe('the ports of a symmetric NAT', () => {
  it('are sequential when each is a little above the last, or below', () => {
    assert.deepEqual(at(40001, 40002, 40003), sequential(1))
    assert.deepEqual(at(40000, 40004, 40006), sequential(2))
    assert.deepEqual(at(40010, 40008), sequential(-2))
  })

  it('are not sequential when they turn round or leap', () => {
    assert.equal(at(40001, 40003, 40002).ports, 'block')
    assert.equal(at(40001, 40417, 47952).ports, 'random')
    assert.equal(at(40001, 40066).ports, 'random')
  })

  it('are of a block when three or more lie close together', () => {
    const kind = at(40001, 40952, 40417)
    assert.deepEqual(kind, {
      mapping: 'address-and-port-dependent',
      ports: 'block',
      range: { low: 40001, high: 40952 }
    })
  })

  it('are sequential whatever a relay saw before the others behind the NAT went on counting', () => {
    const kind = kindOf(
      '7.7.7.1:1 → 7.7.7.2:40000, long ago',
      '7.7.7.1:2 → 7.7.7.2:43010',
      '7.7.7.1:2 → 7.7.7.2:43011 from 33333',
      '7.7.7.1:2 → 7.7.7.2:43012 from 33334'
    )
    assert.deepEqual(kind, sequential(1))
  })

  it('are sequential where two relays were asked at once, whoever is listed first', () => {
    const [oldest, older, old, ...fresh] = seen(
      '7.7.7.1:2 → 7.7.7.2:40010',
      '8.8.8.1:2 → 7.7.7.2:40012',
      '7.7.7.1:2 → 7.7.7.2:40014 from 33333',
      '7.7.7.1:1 → 7.7.7.2:40000, long ago',
      '8.8.8.1:1 → 7.7.7.2:40006, long ago'
    )
    const { ports, step } = classifyNat(OWN, [...fresh, older!, old!, oldest!])
    assert.deepEqual([ports, step], ['sequential', 2])
  })

  it('are those of one burst: what others took between two says nothing about the step', () => {
    const kind = kindOf(
      '7.7.7.1:1 → 7.7.7.2:40000',
      '7.7.7.1:2 → 7.7.7.2:40002',
      '7.7.7.1:2 → 7.7.7.2:40005 from 33333, later',
      '7.7.7.1:2 → 7.7.7.2:40007 from 33334, later',
      '7.7.7.1:2 → 7.7.7.2:40009 from 33335, later'
    )
    assert.deepEqual(kind, sequential(2))
  })

  it('show no pattern when none was asked for at a known time', () => {
    const kind = kindOf('7.7.7.1:1 → 7.7.7.2:40000, long ago', '7.7.7.1:2 → 7.7.7.2:40001')
    assert.deepEqual(kind, { mapping: 'address-and-port-dependent', ports: 'random' })
  })

  it('show in dials from fresh ports as well, which say nothing about the mapping', () => {
    const kind = kindOf(
      '7.7.7.1:1 → 7.7.7.2:40000',
      '7.7.7.1:2 → 7.7.7.2:40001',
      '7.7.7.1:2 → 7.7.7.2:40002 from 33333'
    )
    assert.deepEqual(kind, sequential(1))
    const kept = kindOf(
      '7.7.7.1:1 → 7.7.7.2:4001',
      '7.7.7.1:2 → 7.7.7.2:4001',
      '7.7.7.1:2 → 7.7.7.2:33333 from 33333'
    )
    assert.deepEqual(kept, { mapping: 'endpoint-independent', ports: 'preserved' })
  })
})

describe('observations that contradict each other', () => {
  it('count as the youngest of each destination says: the NAT was restarted', () => {
    const kind = kindOf(
      '7.7.7.1:1 → 7.7.7.2:5555',
      '7.7.7.1:2 → 7.7.7.2:5555',
      '7.7.7.1:1 → 7.7.7.2:6000',
      '7.7.7.1:2 → 7.7.7.2:6000'
    )
    assert.deepEqual(kind, { mapping: 'endpoint-independent', ports: 'changed' })
  })

  it('show that a carrier has a pool of public addresses', () => {
    const kind = classifyNat(OWN, seen('7.7.7.1:1 → 7.7.7.2:4001', '7.7.7.1:2 → 7.7.7.9:4001'))
    assert.ok(isSymmetric(kind))
    assert.equal(kind.ports, 'preserved')
    assert.deepEqual(outsideHosts(kind), ['7.7.7.2', '7.7.7.9'])
  })

  it('never throw, whatever is seen, and what counts is kept as evidence', () => {
    const endpoint = fc.record({
      host: fc.constantFrom('7.7.7.1', '7.7.7.2', '192.168.1.2', '::1'),
      port: fc.integer({ min: 0, max: 65_535 })
    })
    const observation = fc.record(
      { destination: endpoint, address: endpoint, atMs: fc.nat(5_000) },
      { requiredKeys: ['destination', 'address'] }
    )
    fc.assert(
      fc.property(fc.array(observation, { maxLength: 12 }), (observations) => {
        const kind = classifyNat(OWN, observations)
        assert.deepEqual(
          kind.seen,
          observations.filter((each) => kind.seen.includes(each))
        )
        assert.equal(kind.seen.length > 0, observations.length > 0)
        assert.equal(kind.step !== undefined, kind.ports === 'sequential')
        assert.equal(kind.range !== undefined, kind.ports === 'block')
        assert.notEqual(kind.step, 0)
      })
    )
  })
})

// With whom one can be direct, for each kind of NAT on either side.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import {
  isDirectWithMost,
  outlooks,
  ownSide,
  SIDES,
  type OwnSituation,
  type Side
} from '../../../../peer/doctor/can-punch.ts'
import { UNKNOWN_NAT, type NatKind } from '../../../../peer/nat/nat-kind.ts'

const kind = (mapping: NatKind['mapping'], ports: NatKind['ports'] = 'unknown'): NatKind => ({
  ...UNKNOWN_NAT,
  mapping,
  ports
})
const seenAt = (...places: Array<[host: string, port: number]>): NatKind['seen'] =>
  places.map(([host, port]) => ({
    destination: { host: '7.7.7.1', port: 4001 },
    address: { host, port }
  }))
const own = (nat: NatKind, more: Partial<OwnSituation> = {}): OwnSituation => ({
  nat,
  forwarded: false,
  portReuse: true,
  sockets: 4_096,
  ...more
})
const [HOST, POOLED] = ['7.7.7.2', '7.7.7.3']
const CONE = {
  ...kind('endpoint-independent', 'preserved'),
  seen: seenAt([HOST, 4001])
}
const RANDOM = {
  ...kind('address-and-port-dependent', 'random'),
  seen: seenAt([HOST, 40_001], [HOST, 50_417], [HOST, 1_952])
}
const NATS: Record<Side, NatKind> = {
  open: { ...CONE, filtering: 'open' },
  cone: CONE,
  sequential: {
    ...kind('address-and-port-dependent', 'sequential'),
    step: 1,
    seen: seenAt([HOST, 40_001], [HOST, 40_002])
  },
  random: RANDOM
}

const chances = (situation: OwnSituation): string[] =>
  outlooks(situation).map(({ chance }) => chance)
const toldOf = (situation: OwnSituation, side: Side): string | undefined =>
  outlooks(situation).find(({ other }) => other === side)?.sentence

it('the table is the same from both sides', () => {
  for (const [at, a] of SIDES.entries()) {
    for (const [beside, b] of SIDES.entries())
      assert.equal(chances(own(NATS[a]))[beside], chances(own(NATS[b]))[at], `${a} ${b}`)
  }
})

it('only two sides of which one has random ports and the other changes them too stay relayed', () => {
  const relayed = SIDES.flatMap((a) =>
    SIDES.filter((_, at) => chances(own(NATS[a]))[at] === 'no').map((b) => `${a} ${b}`)
  )
  assert.deepEqual(relayed, ['sequential random', 'random sequential', 'random random'])
})

it('a NAT with several public addresses that changes ports stays relayed, and says so', () => {
  const seen = seenAt([HOST, 40_001], [POOLED, 50_417], [HOST, 1_952])
  const pooled = own({ ...RANDOM, seen })
  assert.deepEqual(chances(pooled), ['yes', 'no', 'no', 'no'])
  assert.equal(toldOf(pooled, 'cone'), 'your NAT uses 2 public addresses in turn')
  assert.ok(!isDirectWithMost(outlooks(pooled)))
  const keeping = { ...kind('unknown', 'preserved'), seen: seenAt([HOST, 4001], [POOLED, 4001]) }
  assert.deepEqual(chances(own(keeping)), ['yes', 'yes', 'no', 'no'])
})

it('ports are guessed as far as the limit of open files goes, and no further', () => {
  assert.deepEqual(chances(own(CONE, { sockets: 128 })), ['yes', 'yes', 'likely', 'no'])
  assert.deepEqual(chances(own(RANDOM, { sockets: 8 })), ['yes', 'no', 'no', 'no'])
  assert.equal(
    toldOf(own(CONE, { sockets: 128 }), 'random'),
    'guessing ports takes 1024 sockets, and your limit of open files leaves 128 (ulimit -n 4096)'
  )
  // Nothing would help there, however many there were.
  assert.match(toldOf(own(RANDOM, { sockets: 8 }), 'random') ?? '', /^neither knows/)
})

it('the sentence is that of what is tried', () => {
  assert.deepEqual(
    outlooks(own(NATS.sequential)).map(({ sentence }) => sentence),
    [
      'they can be dialled',
      'the next port is guessed',
      'the next port is guessed',
      'neither knows the other’s port'
    ]
  )
  assert.equal(toldOf(own(CONE), 'random'), 'many ports are tried at once')
  assert.equal(toldOf(own(CONE), 'cone'), 'both punch at once')
})

it('without port reuse only an open side helps', () => {
  assert.deepEqual(chances(own(CONE, { portReuse: false })), ['yes', 'no', 'no', 'no'])
  const forwarded = outlooks(own(kind('unknown'), { portReuse: false, forwarded: true }))
  assert.ok(forwarded.every(({ chance }) => chance === 'yes'))
})

it('a kind of NAT is one of four sides', () => {
  const cases: Array<[NatKind, Side | undefined]> = [
    [kind('none'), 'cone'],
    [kind('endpoint-independent', 'changed'), 'cone'],
    [{ ...kind('endpoint-independent'), filtering: 'open' }, 'open'],
    [kind('address-dependent', 'sequential'), 'sequential'],
    [kind('address-and-port-dependent', 'block'), 'sequential'],
    [kind('address-and-port-dependent', 'random'), 'random'],
    [kind('unknown', 'preserved'), 'cone'],
    [UNKNOWN_NAT, undefined]
  ]
  for (const [nat, side] of cases) assert.equal(ownSide({ nat, forwarded: false }), side)
  assert.equal(ownSide({ nat: UNKNOWN_NAT, forwarded: true }), 'open')
})

it('most peers are behind cones, so a random NAT is still direct with most, and an unknown one cannot tell', () => {
  assert.ok(isDirectWithMost(outlooks(own(RANDOM))))
  assert.ok(!isDirectWithMost(outlooks(own(UNKNOWN_NAT))))
  assert.ok(!isDirectWithMost(outlooks(own(kind('none'), { portReuse: false }))))
})

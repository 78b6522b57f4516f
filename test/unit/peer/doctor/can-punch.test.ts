// With whom one can be direct, for each kind of NAT on either side.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import {
  canPunch,
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
const own = (nat: NatKind, more: Partial<OwnSituation> = {}): OwnSituation => ({
  nat,
  forwarded: false,
  portReuse: true,
  ...more
})

it('the table is the same from both sides', () => {
  for (const a of SIDES) {
    for (const b of SIDES) {
      assert.equal(canPunch(a, b, true).chance, canPunch(b, a, true).chance, `${a} ${b}`)
    }
  }
})

it('only two sides of which one has random ports and the other changes them too stay relayed', () => {
  const relayed = SIDES.flatMap((a) =>
    SIDES.filter((b) => canPunch(a, b, true).chance === 'no').map((b) => `${a} ${b}`)
  )
  assert.deepEqual(relayed, ['sequential random', 'random sequential', 'random random'])
})

it('without port reuse only an open side helps', () => {
  const chances = outlooks(own(kind('endpoint-independent'), { portReuse: false }))
  assert.deepEqual(
    chances.map(({ chance }) => chance),
    ['yes', 'no', 'no', 'no']
  )
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
  assert.ok(isDirectWithMost(outlooks(own(kind('address-and-port-dependent', 'random')))))
  assert.ok(!isDirectWithMost(outlooks(own(UNKNOWN_NAT))))
  assert.ok(!isDirectWithMost(outlooks(own(kind('none'), { portReuse: false }))))
})

// What follows from all findings together.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { outlooks } from '../../../../peer/doctor/can-punch.ts'
import { diagnose } from '../../../../peer/doctor/diagnosis.ts'
import type { Checked, Remedy } from '../../../../peer/doctor/finding.ts'
import { UNKNOWN_NAT } from '../../../../peer/nat/nat-kind.ts'

const checked = (more: Partial<Checked>): Checked => ({
  name: 'node',
  verdict: 'ok',
  sentence: 'fine',
  evidence: {},
  ms: 1,
  ...more
})
const remedy = (text: string, effect: Remedy['effect']): Remedy => ({ text, effect })

const situation = { nat: UNKNOWN_NAT, forwarded: false, portReuse: true, sockets: 4_096 }
const CONE = outlooks({ ...situation, nat: { ...UNKNOWN_NAT, mapping: 'endpoint-independent' } })
const UNKNOWN = outlooks(situation)
const CANNOT = outlooks({ ...situation, portReuse: false, sockets: 4_096 })

it('nothing wrong and direct with most is fine, whatever was skipped', () => {
  const found = diagnose([checked({}), checked({ verdict: 'skipped' })], CONE)
  assert.equal(found.verdict, 'ok')
  assert.deepEqual(found.changes, [])
})

it('what fails is named', () => {
  const found = diagnose([checked({ name: 'relay', verdict: 'fail' }), checked({})], CONE)
  assert.deepEqual([found.verdict, found.sentence], ['fail', 'Something stands in the way: relay.'])
})

it('not direct with most, and not known, are not the same', () => {
  assert.match(diagnose([], UNKNOWN).sentence, /cannot be told/)
  assert.match(diagnose([], CANNOT).sentence, /stay on the relay/)
  assert.equal(diagnose([], CANNOT).verdict, 'warn')
})

it('what to change comes in order of effect, and once', () => {
  const clock = remedy('Set the clock.', 'to last')
  const relay = remedy('Name a relay.', 'to talk at all')
  const found = diagnose(
    [
      checked({ verdict: 'warn', remedies: [clock] }),
      checked({ verdict: 'warn', remedies: [remedy('Open a port.', 'to be direct with more')] }),
      checked({ verdict: 'fail', remedies: [relay] }),
      checked({ verdict: 'warn', remedies: [clock] })
    ],
    CONE
  )
  assert.deepEqual(
    found.changes.map(({ text }) => text),
    ['Name a relay.', 'Open a port.', 'Set the clock.']
  )
})

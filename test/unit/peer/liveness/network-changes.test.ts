// Other addresses, and a machine that slept.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { watchNetwork } from '../../../../peer/liveness/network-changes.ts'
import { fakeInterval } from '../../../support/fake-interval.ts'

function watching(
  t: TestContext,
  addresses: string[]
): { changes: string[]; pass: (ms: number) => void } {
  const clock = fakeInterval(t)
  const changes: string[] = []
  const { signal } = new AbortController()
  const watch = watchNetwork(
    { onChange: (change) => void changes.push(change), addresses: () => addresses },
    { signal }
  )
  t.after(() => watch[Symbol.dispose]())
  return { changes, pass: clock.pass }
}

test('addresses that come and go are told, once each', (t) => {
  const addresses = ['192.0.2.1', '2001:db8::1']
  const { changes, pass } = watching(t, addresses)
  for (let times = 0; times < 5; times++) pass(2_000)
  assert.deepEqual(changes, [])
  addresses.push('198.51.100.7')
  for (let times = 0; times < 5; times++) pass(2_000)
  assert.deepEqual(changes, ['addresses'])
  addresses.shift()
  for (let times = 0; times < 5; times++) pass(2_000)
  assert.deepEqual(changes, ['addresses', 'addresses'])
})

test('their order means nothing', (t) => {
  const addresses = ['192.0.2.1', '2001:db8::1']
  const { changes, pass } = watching(t, addresses)
  addresses.reverse()
  pass(2_000)
  assert.deepEqual(changes, [])
})

test('a look that comes minutes late means that the machine slept', (t) => {
  const { changes, pass } = watching(t, ['192.0.2.1'])
  pass(2_000)
  pass(120_000)
  pass(2_000)
  assert.deepEqual(changes, ['slept'])
})

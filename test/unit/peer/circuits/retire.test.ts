// How a circuit that something better has replaced comes to its end.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import type { Connection } from '@libp2p/interface'
import { CIRCUIT_GRACE_MS, retire } from '../../../../peer/circuits/retire.ts'
import { fakeClock, type FakeClock } from '../../../support/fake-clock.ts'

interface Scene {
  clock: FakeClock
  circuit: Connection
  ends: string[]
  options: { isReplaced: () => boolean; isCarrying: () => boolean; signal: AbortSignal }
}

function scene(t: TestContext, close: (ends: string[]) => Promise<void>): Scene {
  const clock = fakeClock(t)
  const ends: string[] = []
  const circuit = Object.assign(Object.create(null), {
    status: 'open',
    close: async () => close(ends),
    abort: () => void ends.push('abort')
  })
  const { signal } = new AbortController()
  return {
    clock,
    circuit,
    ends,
    options: { isReplaced: () => true, isCarrying: () => false, signal }
  }
}

const closes = async (ends: string[]): Promise<void> => void ends.push('close')

test('it stays for a while and is closed then', async (t) => {
  const { clock, circuit, ends, options } = scene(t, closes)
  const done = retire(circuit, options)
  await clock.pass(CIRCUIT_GRACE_MS - 100, 100)
  assert.deepEqual(ends, [])
  await clock.pass(200, 100)
  await done
  assert.deepEqual(ends, ['close'])
})

test('it stays as long as the conversation has not left it', async (t) => {
  const { clock, circuit, ends, options } = scene(t, closes)
  let carries = true
  const done = retire(circuit, { ...options, isCarrying: () => carries })
  await clock.pass(5 * CIRCUIT_GRACE_MS, 1_000)
  assert.deepEqual(ends, [])
  carries = false
  await clock.pass(CIRCUIT_GRACE_MS, 1_000)
  await done
  assert.deepEqual(ends, ['close'])
})

test('it is kept when what replaced it has gone', async (t) => {
  const { clock, circuit, ends, options } = scene(t, closes)
  const done = retire(circuit, { ...options, isReplaced: () => false })
  await clock.pass(CIRCUIT_GRACE_MS + 100, 100)
  await done
  assert.deepEqual(ends, [])
})

test('one that cannot be closed is aborted', async (t) => {
  const { clock, circuit, ends, options } = scene(t, async () => {
    throw new Error('closing took too long')
  })
  const done = retire(circuit, options)
  await clock.pass(CIRCUIT_GRACE_MS + 100, 100)
  await done
  assert.deepEqual(ends, ['abort'])
})

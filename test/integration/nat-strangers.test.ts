// What a peer learns of its NAT's way with strangers from a relay that dials it.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DialBackOutcome } from '../../shared/wire/dial-back.ts'
import { countingRelay } from '../support/counting-relay.ts'
import { watchedBy } from '../support/nat-watched.ts'
import { patience } from '../support/punchers.ts'

describe('the watch over the own NAT', () => {
  for (const [outcome, filtering] of [
    ['connected', 'open'],
    ['refused', 'rst'],
    ['silent', 'drop']
  ] as const) {
    it(`has a relay dial it where that relay sees it, later, and takes ${outcome} for ${filtering}`, async () => {
      const dialled: number[] = []
      const dialsBack = (port: number): typeof outcome => {
        dialled.push(port)
        return outcome
      }
      await using relay = await countingRelay({ main: 9_999, dialsBack })
      await using us = await watchedBy(() => [relay.observer], { lookAgainMs: 1_000 })
      assert.deepEqual([us.watch.kind.filtering, dialled], ['unknown', []])
      await us.kinds.first((kind) => kind.filtering === filtering)
      assert.deepEqual(dialled, [9_999])
      assert.equal((await us.watch.report(patience()))?.filtering, filtering)
    })
  }

  it('keeps what it knows of strangers when it looks again, and asks on when a relay cannot tell', async () => {
    const outcomes: DialBackOutcome[] = ['unable', 'refused']
    const dialsBack = (): DialBackOutcome => outcomes.shift() ?? 'unable'
    await using relay = await countingRelay({ main: 9_999, dialsBack })
    await using us = await watchedBy(() => [relay.observer], { lookAgainMs: 20 })
    await us.kinds.first(({ filtering }) => filtering === 'rst')
    const { length } = us.kinds.events
    await us.kinds.until(() => us.kinds.events.length > length + 3)
    assert.ok(us.kinds.events.slice(length).every(({ filtering }) => filtering === 'rst'))
  })

  it('learns nothing of strangers from a relay that cannot be asked', async () => {
    await using relay = await countingRelay({ main: 9_999 })
    await using us = await watchedBy(() => [relay.observer], { lookAgainMs: 20 })
    await us.kinds.until(() => us.kinds.events.length > 3)
    assert.ok(us.kinds.events.every(({ filtering }) => filtering === 'unknown'))
  })
})

// When a circuit is renewed.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  endsSoon,
  freshCircuitIsDue,
  type Allowance,
  type Circuit
} from '../../../../peer/circuits/due.ts'

const MIB = 1024 * 1024

const circuit = (initial: Allowance, left: Allowance, fields: Partial<Circuit> = {}): Circuit => ({
  ours: true,
  initial,
  left,
  random: 0,
  ...fields
})

const ends = (initial: Allowance, left: Allowance, random = 0): boolean =>
  endsSoon(circuit(initial, left, { random }))

describe('a circuit ends soon', () => {
  it('with a fifth of its time left', () => {
    assert.ok(!ends({ seconds: 1800 }, { seconds: 361 }))
    assert.ok(ends({ seconds: 1800 }, { seconds: 360 }))
  })

  it('with a fifth of its bytes left', () => {
    assert.ok(!ends({ bytes: 64 * MIB }, { bytes: 13 * MIB }))
    assert.ok(ends({ bytes: 64 * MIB }, { bytes: 12 * MIB }))
  })

  it('with less than a move takes left, but not before its half', () => {
    assert.ok(ends({ seconds: 60 }, { seconds: 15 }))
    assert.ok(ends({ bytes: 8 * MIB }, { bytes: 2.5 * MIB }))
    assert.ok(!ends({ seconds: 4 }, { seconds: 3 }))
    assert.ok(ends({ seconds: 4 }, { seconds: 2 }))
    assert.ok(!ends({ bytes: 131_072 }, { bytes: 70_000 }))
    assert.ok(ends({ bytes: 131_072 }, { bytes: 65_536 }))
  })

  it('by whichever limit is nearer, and never without one', () => {
    assert.ok(ends({ seconds: 1800, bytes: 64 * MIB }, { seconds: 1700, bytes: 5 }))
    assert.ok(ends({ seconds: 1800, bytes: 64 * MIB }, { seconds: 0, bytes: 64 * MIB }))
    assert.ok(!ends({}, {}))
  })

  it('at another moment than those that were opened with it', () => {
    assert.ok(!ends({ seconds: 1800 }, { seconds: 360 }, 0.99))
    assert.ok(ends({ seconds: 1800 }, { seconds: 270 }, 0.99))
  })
})

describe('a fresh circuit is due', () => {
  const ending = circuit({ seconds: 100 }, { seconds: 1 })
  const young = circuit({ seconds: 100 }, { seconds: 99 })
  const theirs = { ...ending, ours: false }

  it('when every circuit ends soon, and one of them is ours', () => {
    assert.ok(freshCircuitIsDue([ending], false))
    assert.ok(freshCircuitIsDue([ending, theirs], false))
  })

  it('but not when another one goes on, or a direct connection stands', () => {
    assert.ok(!freshCircuitIsDue([ending, young], false))
    assert.ok(!freshCircuitIsDue([ending, { ...young, ours: false }], false))
    assert.ok(!freshCircuitIsDue([ending], true))
  })

  it('and not from us when we have not dialled, or there is none', () => {
    assert.ok(!freshCircuitIsDue([theirs], false))
    assert.ok(!freshCircuitIsDue([], false))
  })
})

// The switch's decisions: where a frame goes, when it is due, whether it is lost.

import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { Fabric } from '../../lab/switch/fabric.ts'

const BROADCAST = 'ff:ff:ff:ff:ff:ff'
const A = '02:00:00:00:00:0a'
const B = '02:00:00:00:00:0b'

let dice: number[]
let fabric: Fabric

beforeEach(() => {
  dice = []
  fabric = new Fabric(() => dice.shift() ?? assert.fail('no dice expected'))
  fabric.addPort('a', { segment: 'wan', delayMs: 15, lossPercent: 0 })
  fabric.addPort('b', { segment: 'wan', delayMs: 5, lossPercent: 0 })
  fabric.addPort('c', { segment: 'wan', delayMs: 0, lossPercent: 0 })
  fabric.addPort('elsewhere', { segment: 'lan', delayMs: 0, lossPercent: 0 })
})

describe('where a frame goes', () => {
  it('is every other port of the segment for a broadcast', () => {
    fabric.receive('a', frame(BROADCAST, A), 0)
    assert.deepEqual(portsDueBy(100), ['c', 'b'])
  })

  it('is every other port of the segment for an unknown receiver', () => {
    fabric.receive('c', frame(B, A), 0)
    assert.deepEqual(portsDueBy(100), ['b', 'a'])
  })

  it('is one port once the receiver has sent', () => {
    fabric.receive('b', frame(BROADCAST, B), 0)
    portsDueBy(100)
    fabric.receive('a', frame(B, A), 100)
    assert.deepEqual(portsDueBy(200), ['b'])
  })

  it('follows a receiver that has moved to another port', () => {
    fabric.receive('b', frame(BROADCAST, B), 0)
    fabric.receive('c', frame(BROADCAST, B), 0)
    portsDueBy(100)
    fabric.receive('a', frame(B, A), 100)
    assert.deepEqual(portsDueBy(200), ['c'])
  })

  it('is nowhere when the receiver is where the frame came from', () => {
    fabric.receive('a', frame(BROADCAST, B), 0)
    portsDueBy(100)
    fabric.receive('a', frame(B, A), 100)
    assert.deepEqual(portsDueBy(200), [])
  })
})

describe('when a frame is due', () => {
  beforeEach(() => {
    fabric.receive('b', frame(BROADCAST, B), 0)
    portsDueBy(100)
  })

  it('is after the delays of both ports', () => {
    fabric.receive('a', frame(B, A), 1000)
    assert.equal(fabric.nextDueMs(), 1020)
    assert.equal(fabric.takeDue(1019.9), undefined)
    assert.deepEqual(fabric.takeDue(1020), { port: 'b', frame: frame(B, A) })
    assert.equal(fabric.nextDueMs(), undefined)
  })

  it('follows a delay that was changed', () => {
    fabric.setDelay('a', 100)
    fabric.receive('a', frame(B, A), 1000)
    assert.equal(fabric.nextDueMs(), 1105)
  })

  it('keeps the order of frames that are due at the same time, and of all others', () => {
    const sent = Array.from({ length: 200 }, (_, n) => ({ n, delayMs: (n * 37) % 11 }))
    for (const { n, delayMs } of sent) {
      fabric.setDelay('a', delayMs)
      fabric.receive('a', frame(B, A, n), 1000)
    }
    const received = takeAll(2000).map(({ frame: bytes }) => bytes.at(-1))
    assert.deepEqual(
      received,
      sent.toSorted((x, y) => x.delayMs - y.delayMs).map(({ n }) => n)
    )
  })
})

describe('whether a frame is lost', () => {
  beforeEach(() => {
    fabric.receive('a', frame(BROADCAST, A), 0)
    fabric.receive('b', frame(BROADCAST, B), 0)
    portsDueBy(100)
  })

  it('is thrown at the port it comes in by', () => {
    fabric.setLoss('a', 10)
    dice = [0.099, 0.1]
    fabric.receive('a', frame(B, A), 0)
    assert.deepEqual(portsDueBy(100), [])
    fabric.receive('a', frame(B, A), 0)
    assert.deepEqual(portsDueBy(100), ['b'])
  })

  it('is thrown at the port it leaves by', () => {
    fabric.setLoss('a', 10)
    dice = [0.099, 0.1]
    fabric.receive('b', frame(A, B), 0)
    assert.deepEqual(portsDueBy(100), [])
    fabric.receive('b', frame(A, B), 0)
    assert.deepEqual(portsDueBy(100), ['a'])
  })

  it('is certain at a port that is cut, in both directions, until it is restored', () => {
    fabric.cut('a')
    fabric.receive('a', frame(B, A), 0)
    fabric.receive('b', frame(A, B), 0)
    assert.deepEqual(portsDueBy(100), [])
    fabric.restore('a')
    fabric.receive('a', frame(B, A), 100)
    fabric.receive('b', frame(A, B), 100)
    assert.deepEqual(portsDueBy(200), ['b', 'a'])
  })

  it('is certain for a frame on its way to a port that is cut', () => {
    fabric.receive('a', frame(B, A), 0)
    fabric.cut('b')
    assert.deepEqual(portsDueBy(100), [])
  })
})

it('refuses a port that it does not have', () => {
  assert.throws(() => fabric.cut('x'), { message: 'the switch has no port x' })
})

function takeAll(nowMs: number): { port: string; frame: Uint8Array }[] {
  const due = []
  for (let next = fabric.takeDue(nowMs); next; next = fabric.takeDue(nowMs)) due.push(next)
  return due
}

function portsDueBy(nowMs: number): string[] {
  return takeAll(nowMs).map(({ port }) => port)
}

function frame(to: string, from: string, mark = 0): Uint8Array {
  const bytes = `${to}:${from}`.split(':').map((byte) => Number.parseInt(byte, 16))
  return Uint8Array.from([...bytes, 0x08, 0x00, mark])
}

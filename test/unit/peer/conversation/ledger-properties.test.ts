// Both sides of the books joined by streams that break, stall and overlap, driven by random steps:
// whatever happens, each message arrives once and in order. fast-check prints seed and path of a failure.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { IncomingLedger } from '../../../../peer/conversation/incoming-ledger.ts'
import { OutgoingLedger } from '../../../../peer/conversation/outgoing-ledger.ts'

/** One stream: what each side has written and the other not yet read. */
interface Wire {
  toReceiver: Array<{ seq: number; id: string } | 'hello'>
  toSender: Array<{ welcome?: number; ack?: number }>
  /** The next number to be sent; unknown until WELCOME. */
  next?: number
  nextSeq: number
}

class World {
  sender = new OutgoingLedger('01')
  readonly receiver = new IncomingLedger()
  wires: Wire[] = []
  readonly sent: string[] = []
  readonly shown: string[] = []
  readonly settled: string[] = []
  epoch = 1

  append(): void {
    const id = `${this.epoch}/${this.sent.length}`
    if (this.sender.append({ id, sentAtMs: 0, text: 'x' }).ok) this.sent.push(id)
  }

  /** The sender opens a stream on some path; older ones stay. */
  open(): void {
    this.wires.push({ toReceiver: ['hello'], toSender: [], nextSeq: this.sender.acknowledged + 1 })
  }

  /** A path dies with everything that was on its way. */
  break(index: number): void {
    if (this.wires.length > 0) this.wires.splice(index % this.wires.length, 1)
  }

  write(index: number, count: number): void {
    const wire = this.wires[index % this.wires.length]
    if (wire?.next === undefined) return
    wire.next = Math.max(wire.next, this.sender.acknowledged + 1)
    for (
      let entry = this.sender.at(wire.next);
      entry && count-- > 0;
      entry = this.sender.at(++wire.next)
    ) {
      this.sender.handOver(entry.seq)
      wire.toReceiver.push({ seq: entry.seq, id: entry.id })
    }
  }

  receive(index: number): void {
    const wire = this.wires[index % this.wires.length]
    const frame = wire?.toReceiver.shift()
    if (wire === undefined || frame === undefined) return
    if (frame === 'hello') {
      const answer = this.receiver.begin(this.sender.epoch, wire.nextSeq)
      assert.equal(answer.epoch, this.sender.epoch, 'an honest HELLO is never told of another')
      wire.toSender.push({ welcome: answer.received })
      return
    }
    const { verdict } = this.receiver.judge(this.sender.epoch, frame.seq)
    assert(verdict === 'deliver' || verdict === 'duplicate', verdict)
    if (verdict === 'deliver') {
      this.shown.push(frame.id)
      this.receiver.record(this.sender.epoch, frame.seq)
    }
    wire.toSender.push({ ack: this.receiver.received })
  }

  readAnswer(index: number): void {
    const wire = this.wires[index % this.wires.length]
    const answer = wire?.toSender.shift()
    if (wire === undefined || answer === undefined) return
    const outcome = this.sender.acknowledge(answer.welcome ?? answer.ack ?? 0)
    assert(outcome.ok, 'an honest acknowledgement is never refused')
    this.settled.push(...outcome.settled.map(({ id }) => id))
    if (answer.welcome !== undefined) wire.next = answer.welcome + 1
  }

  /** One path that works, until nothing waits. */
  finish(): void {
    this.wires = []
    this.open()
    for (let step = 0; step < 10_000 && (step < 4 || this.sender.waiting.length > 0); step++) {
      this.receive(0)
      this.readAnswer(0)
      this.write(0, 7)
    }
  }
}

const index = fc.nat(5)
const STEP = fc.oneof(
  fc.record({ do: fc.constant('append' as const) }),
  fc.record({ do: fc.constant('open' as const) }),
  fc.record({ do: fc.constant('break' as const), index }),
  fc.record({ do: fc.constant('write' as const), index, count: fc.integer({ min: 1, max: 9 }) }),
  { arbitrary: fc.record({ do: fc.constant('receive' as const), index }), weight: 4 },
  { arbitrary: fc.record({ do: fc.constant('answer' as const), index }), weight: 3 }
)
type Step = typeof STEP extends fc.Arbitrary<infer T> ? T : never

function take(world: World, step: Step): void {
  switch (step.do) {
    case 'append':
      return world.append()
    case 'open':
      return world.open()
    case 'break':
      return world.break(step.index)
    case 'write':
      return world.write(step.index, step.count)
    case 'receive':
      return world.receive(step.index)
    case 'answer':
      return world.readAnswer(step.index)
  }
}

test('over streams that break, stall and overlap every message is shown once, in order', () => {
  fc.assert(
    fc.property(fc.array(STEP, { maxLength: 300, size: 'max' }), (steps) => {
      const world = new World()
      for (const step of steps) {
        take(world, step)
        assert.deepEqual(world.shown, world.sent.slice(0, world.shown.length))
        assert(world.settled.length <= world.shown.length, 'nothing is settled before it was shown')
      }
      world.finish()
      assert.deepEqual(world.shown, world.sent)
      assert.deepEqual(world.settled, world.sent)
    }),
    { numRuns: 2_000 }
  )
})

test('whatever numbers a remote invents, the books stay consistent', () => {
  const call = fc.oneof(
    fc.record({ kind: fc.constant('ack' as const), value: fc.integer({ min: 0, max: 40 }) }),
    fc.record({ kind: fc.constant('append' as const), value: fc.nat() }),
    fc.record({ kind: fc.constant('hand over' as const), value: fc.integer({ min: 0, max: 40 }) }),
    fc.record({ kind: fc.constant('begin' as const), value: fc.integer({ min: 1, max: 40 }) }),
    fc.record({ kind: fc.constant('judge' as const), value: fc.integer({ min: 1, max: 40 }) })
  )
  fc.assert(
    fc.property(
      fc.array(fc.tuple(call, fc.constantFrom('01', '02', '03')), { maxLength: 100, size: 'max' }),
      (calls) => {
        const sender = new OutgoingLedger('01', { maxMessages: 10, maxBytes: 1000 })
        const receiver = new IncomingLedger()
        let handedOver = 0
        for (const [{ kind, value }, epoch] of calls) {
          const { acknowledged, last } = sender
          const { received } = receiver
          if (kind === 'append') sender.append({ id: 'x', sentAtMs: 0, text: 'x' })
          if (kind === 'hand over') sender.handOver(value)
          handedOver = Math.max(handedOver, kind === 'hand over' ? Math.min(value, last) : 0)
          if (kind === 'ack') assert.equal(sender.acknowledge(value).ok, value <= handedOver)
          if (kind === 'begin') receiver.begin(epoch, value)
          if (kind === 'judge' && receiver.judge(epoch, value).verdict === 'deliver') {
            assert.equal(value, received + 1)
            receiver.record(epoch, value)
          }
          assert(sender.acknowledged >= acknowledged && sender.acknowledged <= sender.last)
          assert(sender.waiting.length <= 10)
        }
      }
    ),
    { numRuns: 2_000 }
  )
})

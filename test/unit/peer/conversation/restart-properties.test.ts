// Both sides of the books, their stores, and streams that break, while either side is killed and started again:
// what was released is shown once and in order. fast-check prints seed and path of a failure.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  IncomingLedger,
  type IncomingState,
  OutgoingLedger,
  type OutgoingMessage,
  type OutgoingState
} from '../../../../peer/conversation/ledger.ts'

interface Wire {
  toReceiver: Array<{ seq: number; id: string } | { epoch: string; nextSeq: number }>
  toSender: number[]
  next?: number
}

class World {
  /** What is on the disks. */
  outgoing: OutgoingState & { waiting: OutgoingMessage[] } = {
    epoch: '01',
    acknowledged: 0,
    waiting: []
  }
  incoming: IncomingState | undefined
  sender = OutgoingLedger.restore(this.outgoing)
  receiver = new IncomingLedger()
  wire: Wire | undefined
  /** Being stored: not on the disk, not to be sent. */
  held: OutgoingMessage[] = []
  readonly told: string[] = []
  readonly shown: string[] = []
  #ids = 0

  hold(): void {
    const message = { id: String(++this.#ids), sentAtMs: 0, text: 'x' }
    if (this.sender.hold(message).ok) this.held.push(message)
  }

  commit(): void {
    this.outgoing.waiting.push(...this.held)
    this.told.push(...this.held.splice(0).map(({ id }) => id))
    this.sender.keep(this.sender.last)
  }

  release(): void {
    this.sender.release(this.outgoing.acknowledged + this.outgoing.waiting.length)
  }

  fail(): void {
    this.held = []
    this.sender.withdraw()
  }

  /** The last acknowledgements need not be on the disk: WELCOME repeats them. */
  keepAcknowledged(): void {
    const count = this.sender.acknowledged - this.outgoing.acknowledged
    this.outgoing.waiting.splice(0, count)
    this.outgoing.acknowledged += count
  }

  killSender(): void {
    this.held = []
    this.sender = OutgoingLedger.restore(structuredClone(this.outgoing))
    this.wire = undefined
  }

  killReceiver(): void {
    this.receiver =
      this.incoming === undefined ? new IncomingLedger() : IncomingLedger.restore(this.incoming)
    this.wire = undefined
  }

  open(): void {
    const { epoch, acknowledged } = this.sender
    this.wire = { toReceiver: [{ epoch, nextSeq: acknowledged + 1 }], toSender: [] }
  }

  write(): void {
    const entry = this.wire?.next === undefined ? undefined : this.sender.at(this.wire.next)
    if (this.wire?.next === undefined || entry === undefined) return
    this.wire.toReceiver.push({ seq: entry.seq, id: entry.id })
    this.wire.next++
  }

  receive(): void {
    const frame = this.wire?.toReceiver.shift()
    if (this.wire === undefined || frame === undefined) return
    if ('epoch' in frame) {
      const begun = this.receiver.begin(frame.epoch, frame.nextSeq)
      assert(begun.ok)
      this.wire.toSender.push(begun.received)
      return
    }
    const { epoch } = this.receiver
    assert(epoch !== undefined)
    if (this.receiver.judge(epoch, frame.seq).verdict === 'deliver') {
      this.incoming = structuredClone(this.receiver.state(1))
      this.shown.push(frame.id)
      this.receiver.record(epoch, frame.seq)
    }
    this.wire.toSender.push(this.receiver.received)
  }

  answer(): void {
    const received = this.wire?.toSender.shift()
    if (this.wire === undefined || received === undefined) return
    assert(this.sender.acknowledge(received).ok, 'an honest acknowledgement is never refused')
    this.wire.next = Math.max(this.wire.next ?? 0, received + 1)
  }

  finish(): void {
    this.fail()
    this.release()
    this.open()
    for (let step = 0; step < 5_000 && (step < 4 || this.sender.first !== undefined); step++) {
      this.receive()
      this.answer()
      this.write()
    }
  }
}

const often = <Step extends string>(step: Step, weight: number): fc.WeightedArbitrary<Step> => ({
  arbitrary: fc.constant(step),
  weight
})
const STEP = fc.oneof(
  often('hold', 3),
  often('commit', 2),
  often('release', 2),
  often('fail', 1),
  often('keepAcknowledged', 2),
  often('killSender', 1),
  often('killReceiver', 1),
  often('open', 2),
  often('write', 6),
  often('receive', 6),
  often('answer', 4)
)

test('whoever is killed and whenever, what was told as sent is shown once, in order', () => {
  fc.assert(
    fc.property(fc.array(STEP, { maxLength: 250, size: 'max' }), (steps) => {
      const world = new World()
      for (const step of steps) {
        world[step]()
        assert.deepEqual(world.shown, world.told.slice(0, world.shown.length))
      }
      world.finish()
      assert.deepEqual(world.shown, world.told)
    }),
    { numRuns: 3_000 }
  )
})

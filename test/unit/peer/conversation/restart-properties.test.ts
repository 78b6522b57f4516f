// Both sides of the books, their disks, and streams that break, while either side is killed, loses its power, or gets
// an older copy of its disk: what was told as sent is shown once and in order. fast-check prints seed and path of a
// failure.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  IncomingLedger,
  type IncomingState
} from '../../../../peer/conversation/incoming-ledger.ts'
import type { OutgoingMessage } from '../../../../peer/conversation/ledger.ts'
import {
  OutgoingLedger,
  type OutgoingState
} from '../../../../peer/conversation/outgoing-ledger.ts'
import { RolledBackDisk } from '../../../support/rolled-back-disk.ts'

interface Kept extends OutgoingState {
  waiting: OutgoingMessage[]
}

interface Wire {
  toReceiver: Array<{ seq: number; id: string } | { epoch: string; nextSeq: number }>
  /** In the order of the frames; those that are not synced yet wait. */
  toSender: Array<{ kind: 'welcome' | 'ack'; epoch: string; received: number }>
  epoch: string
  next?: number
}

class World {
  sender: OutgoingLedger
  receiver = new IncomingLedger()
  readonly senderDisk = new RolledBackDisk<Kept>({ epoch: 'e0', acknowledged: 0, waiting: [] })
  readonly receiverDisk = new RolledBackDisk<{ books?: IncomingState; ids: string[] }>({ ids: [] })
  wire: Wire | undefined
  /** Numbered, and not committed. */
  held: Array<OutgoingMessage & { onWire?: number }> = []
  /** Told as sent, and not lost with a disk that a backup has replaced. */
  told: string[] = []
  readonly shown: string[] = []
  /** Taken back by power failures of the receiver: shown once more for each time that it is named here. */
  readonly unstored: string[] = []
  #ids = 0
  #epochs = 0

  constructor() {
    this.sender = OutgoingLedger.restore(this.senderDisk.now)
  }

  hold(): void {
    const message = { id: String(++this.#ids), sentAtMs: 0, text: 'x' }
    const held = this.sender.hold(message)
    assert(held.ok)
    this.held.push(held.onWire === undefined ? message : { ...message, onWire: held.onWire })
  }

  commit(): void {
    const state = this.senderDisk.now
    for (const { onWire, ...message } of this.held.splice(0)) {
      state.waiting.push(message)
      if (onWire !== undefined) state.onWire ??= onWire
    }
    this.senderDisk.commit(state)
    this.sender.keep(this.sender.last)
  }

  syncSender(): void {
    this.senderDisk.sync()
    const known = new Set(this.told)
    for (const { id } of this.senderDisk.now.waiting) if (!known.has(id)) this.told.push(id)
  }

  fail(): void {
    this.held = []
    this.sender.withdraw()
  }

  /** The last acknowledgements need not be on the disk: WELCOME repeats them. What they settle was told before. */
  keepAcknowledged(): void {
    this.syncSender()
    const state = this.senderDisk.now
    const count = this.sender.acknowledged - state.acknowledged
    if (count === 0) return
    state.waiting.splice(0, count)
    state.acknowledged += count
    delete state.onWire
    this.senderDisk.commit(state)
  }

  killSender(): void {
    this.held = []
    this.sender = OutgoingLedger.restore(this.senderDisk.now)
    this.wire = undefined
  }

  senderLosesPower(share: number): void {
    this.senderDisk.losePower(share)
    this.killSender()
  }

  senderGetsBackup(share: number): void {
    this.senderDisk.restoreBackup(share)
    this.killSender()
    const waiting = new Set(this.senderDisk.now.waiting.map(({ id }) => id))
    // What was said since is nowhere, unless it had arrived.
    this.told = this.told.filter((id) => waiting.has(id))
  }

  killReceiver(): void {
    const { books } = this.receiverDisk.now
    this.receiver = books === undefined ? new IncomingLedger() : IncomingLedger.restore(books)
    this.wire = undefined
  }

  receiverLosesPower(share: number): void {
    const before = this.receiverDisk.now.ids
    this.receiverDisk.losePower(share)
    this.unstored.push(...before.slice(this.receiverDisk.now.ids.length))
    this.killReceiver()
  }

  open(): void {
    const { epoch, acknowledged } = this.sender
    this.wire = { toReceiver: [{ epoch, nextSeq: acknowledged + 1 }], toSender: [], epoch }
  }

  write(): void {
    const entry = this.wire?.next === undefined ? undefined : this.sender.at(this.wire.next)
    if (this.wire?.next === undefined || entry === undefined) return
    this.sender.handOver(entry.seq)
    this.wire.toReceiver.push({ seq: entry.seq, id: entry.id })
    this.wire.next++
  }

  receive(): void {
    const frame = this.wire?.toReceiver.shift()
    if (this.wire === undefined || frame === undefined) return
    if ('epoch' in frame) {
      const { epoch, received } = this.receiver.begin(frame.epoch, frame.nextSeq)
      this.receiverDisk.sync()
      this.wire.toSender.push({ kind: 'welcome', epoch, received })
      return
    }
    const { epoch } = this.wire
    if (this.receiver.judge(epoch, frame.seq).verdict === 'deliver') this.#take(frame.id)
    this.receiver.record(epoch, frame.seq)
    this.wire.toSender.push({ kind: 'ack', epoch, received: this.receiver.received })
  }

  #take(id: string): void {
    const books = this.receiver.state(1) ?? assert.fail()
    const { ids } = this.receiverDisk.now
    const known = books.past.length > 0 && ids.includes(id)
    this.receiverDisk.commit({ books, ids: known ? ids : [...ids, id] })
    if (!known) this.shown.push(id)
  }

  /** An answer leaves the receiver when all that it tells of is synced. */
  answer(): void {
    const answer = this.wire?.toSender.shift()
    if (this.wire === undefined || answer === undefined) return
    this.receiverDisk.sync()
    const { kind, epoch, received } = answer
    const right = epoch === this.wire.epoch && this.sender.acknowledge(received).ok
    if (!right) {
      assert.equal(kind, 'welcome', 'an honest acknowledgement is never refused')
      return this.#renumber()
    }
    this.wire.next = Math.max(this.wire.next ?? 0, received + 1)
  }

  #renumber(): void {
    if (this.held.length > 0) this.commit()
    const { waiting } = this.senderDisk.now
    const settled = this.sender.acknowledged - this.senderDisk.now.acknowledged
    const epoch = `e${++this.#epochs}`
    this.senderDisk.commit({ epoch, acknowledged: 0, waiting: waiting.slice(settled) })
    this.sender.renumber(epoch)
    this.wire = undefined
  }

  check(): void {
    const first = [...new Set(this.shown)]
    const told = new Set(this.told)
    const inOrder = first.filter((id) => told.has(id))
    assert.deepEqual(
      inOrder,
      inOrder.toSorted((one, other) => Number(one) - Number(other))
    )
    const allowed = [...first, ...this.unstored]
    for (const id of this.shown) {
      const at = allowed.indexOf(id)
      assert.notEqual(at, -1, `${id} is shown twice`)
      allowed.splice(at, 1)
    }
  }

  finish(): void {
    this.fail()
    this.syncSender()
    for (let step = 0; step < 5_000 && (step < 9 || this.sender.first !== undefined); step++) {
      if (this.wire === undefined || step === 0) this.open()
      this.receive()
      this.answer()
      this.write()
    }
    this.check()
    assert.equal(this.sender.first, undefined, 'everything is acknowledged in the end')
    const { ids } = this.receiverDisk.now
    assert.deepEqual(
      this.told.filter((id) => !this.shown.includes(id) || !ids.includes(id)),
      [],
      'what was told as sent, and is not shown or not stored'
    )
  }
}

const often = <Name extends string>(step: Name, weight: number): fc.WeightedArbitrary<Name> => ({
  arbitrary: fc.constant(step),
  weight
})
const share = fc.double({ min: 0, max: 1, noNaN: true })
const sometimes = <Name extends string>(step: Name): fc.Arbitrary<[Name, number]> =>
  fc.tuple(fc.constant(step), share)

const STEPS = [
  often('hold', 3),
  often('commit', 3),
  often('syncSender', 2),
  often('fail', 1),
  often('keepAcknowledged', 2),
  often('killSender', 1),
  often('killReceiver', 1),
  often('open', 2),
  often('write', 6),
  often('receive', 6),
  often('answer', 4)
]
const POWER_FAILURES = [sometimes('senderLosesPower'), sometimes('receiverLosesPower')]

type Step = (typeof STEPS)[number]['arbitrary'] extends fc.Arbitrary<infer T> ? T : never
type Failure = 'senderLosesPower' | 'receiverLosesPower' | 'senderGetsBackup'

function alwaysHolds(step: fc.Arbitrary<Step | [Failure, number]>): void {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 250, size: 'max' }), (steps) => {
      const world = new World()
      for (const each of steps) {
        if (typeof each === 'string') world[each]()
        else world[each[0]](each[1])
        world.check()
      }
      world.finish()
    }),
    { numRuns: 3_000 }
  )
}

test('whoever is killed and whenever, what was told as sent is shown once, in order', () => {
  alwaysHolds(fc.oneof(...STEPS))
})

test('whoever loses power, the same, save that a receiver shows again what its power failure has taken back', () => {
  alwaysHolds(fc.oneof(...STEPS, ...POWER_FAILURES))
})

test('a backup of the sender brings back what waited then, and what is said since: each is shown once', () => {
  alwaysHolds(fc.oneof(...STEPS, ...POWER_FAILURES, sometimes('senderGetsBackup')))
})

// The books of one pair of peers, each rule alone.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IncomingLedger } from '../../../../peer/conversation/incoming-ledger.ts'
import type { OutgoingMessage } from '../../../../peer/conversation/ledger.ts'
import { OutgoingLedger } from '../../../../peer/conversation/outgoing-ledger.ts'

const EPOCH = '00000000000000aa'

function message(id: string, text = 'text'): OutgoingMessage {
  return { id, sentAtMs: 0, text }
}

function outgoing(...ids: string[]): OutgoingLedger {
  const ledger = new OutgoingLedger(EPOCH)
  for (const id of ids) ledger.append(message(id))
  ledger.handOver(ledger.last)
  return ledger
}

function settledIds(ledger: OutgoingLedger, received: number): string[] | string {
  const answer = ledger.acknowledge(received)
  return answer.ok ? answer.settled.map(({ id }) => id) : answer.reason
}

test('messages are numbered from 1 without gaps', () => {
  const ledger = new OutgoingLedger(EPOCH)
  assert.deepEqual(ledger.append(message('a')), { ok: true, seq: 1 })
  assert.deepEqual(ledger.append(message('b')), { ok: true, seq: 2 })
  assert.equal(ledger.at(2)?.id, 'b')
  assert.equal(ledger.last, 2)
})

test('an acknowledgement settles everything up to its number, once', () => {
  const ledger = outgoing('a', 'b', 'c')
  assert.deepEqual(settledIds(ledger, 2), ['a', 'b'])
  assert.deepEqual(settledIds(ledger, 2), [])
  assert.deepEqual(settledIds(ledger, 1), [])
  assert.equal(ledger.at(2), undefined)
  assert.equal(ledger.at(3)?.id, 'c')
  assert.deepEqual(settledIds(ledger, 3), ['c'])
})

test('an acknowledgement for what was never sent is refused and settles nothing', () => {
  const ledger = outgoing('a')
  assert.equal(settledIds(ledger, 2), 'number 2 was acknowledged, but only 1 were ever sent')
  assert.equal(ledger.waiting.length, 1)
})

test('numbers go on after everything has been acknowledged', () => {
  const ledger = outgoing('a')
  ledger.acknowledge(1)
  assert.deepEqual(ledger.append(message('b')), { ok: true, seq: 2 })
  assert.equal(ledger.acknowledged, 1)
})

test('a full window refuses with its reason, and takes again what an acknowledgement made room for', () => {
  const byCount = new OutgoingLedger(EPOCH, { maxMessages: 2, maxBytes: 100 })
  byCount.append(message('a'))
  byCount.append(message('b'))
  assert.deepEqual(byCount.append(message('c')), {
    ok: false,
    reason: '2 messages are waiting for this peer already'
  })
  byCount.handOver(1)
  byCount.acknowledge(1)
  assert.deepEqual(byCount.append(message('c')), { ok: true, seq: 3 })

  const byBytes = new OutgoingLedger(EPOCH, { maxMessages: 9, maxBytes: 5 })
  byBytes.append(message('a', 'éé'))
  assert.deepEqual(byBytes.append(message('b', 'é')), {
    ok: false,
    reason: '5 bytes are waiting for this peer already'
  })
  byBytes.handOver(1)
  byBytes.acknowledge(1)
  assert.deepEqual(byBytes.append(message('b', 'é')), { ok: true, seq: 2 })
})

test('bytes on their way are counted from the last acknowledgement on', () => {
  const ledger = new OutgoingLedger(EPOCH)
  for (const text of ['a', 'bb', 'ccc']) ledger.append(message(text, text))
  assert.deepEqual(
    [1, 2, 3].map((seq) => ledger.bytesUpTo(seq)),
    [1, 3, 6]
  )
  ledger.handOver(1)
  ledger.acknowledge(1)
  assert.deepEqual(
    [1, 2, 3].map((seq) => ledger.bytesUpTo(seq)),
    [0, 2, 5]
  )
})

test('a receiver that knows nothing starts where the sender still can', () => {
  const ledger = new IncomingLedger()
  assert.deepEqual(ledger.begin(EPOCH, 8), { ok: true, epoch: EPOCH, received: 7 })
  assert.deepEqual(ledger.judge(EPOCH, 8), { verdict: 'deliver' })
})

test('a receiver that knows the epoch tells how far it is', () => {
  const ledger = new IncomingLedger()
  ledger.begin(EPOCH, 1)
  ledger.record(EPOCH, 3)
  assert.deepEqual(ledger.begin(EPOCH, 2), { ok: true, epoch: EPOCH, received: 3 })
  assert.deepEqual(ledger.begin(EPOCH, 4), { ok: true, epoch: EPOCH, received: 3 })
})

test('numbers that the sender skips are not waited for: they were given up, or we have forgotten them', () => {
  const ledger = new IncomingLedger()
  ledger.begin(EPOCH, 1)
  ledger.record(EPOCH, 3)
  assert.deepEqual(ledger.begin(EPOCH, 6), { ok: true, epoch: EPOCH, received: 5 })
  // What was being stored meanwhile must not count twice.
  ledger.record(EPOCH, 4)
  assert.equal(ledger.received, 5)
  assert.deepEqual(ledger.judge(EPOCH, 6), { verdict: 'deliver' })
})

test('what was being stored when another epoch began does not count for that one', () => {
  const ledger = new IncomingLedger()
  ledger.begin(EPOCH, 1)
  ledger.begin('02', 1)
  ledger.record(EPOCH, 3)
  assert.equal(ledger.received, 0)
})

test('a receiver that starts anew goes on counting, and refuses what was replaced before', () => {
  const ledger = new IncomingLedger()
  assert.equal(ledger.state(), undefined)
  ledger.begin('01', 1)
  ledger.begin('02', 1)
  ledger.record('02', 3)
  const state = ledger.state(2)
  assert.deepEqual(state, { epoch: '02', received: 5, past: ['01'] })
  const again = IncomingLedger.restore(state)
  assert.deepEqual(again.begin('02', 4), { ok: true, epoch: '02', received: 5 })
  assert.deepEqual(again.begin('01', 1), { ok: true, epoch: '02', received: 5 })
})

test('a message that is held is not sent, and can be withdrawn', () => {
  const ledger = new OutgoingLedger(EPOCH)
  ledger.append({ id: 'a', sentAtMs: 0, text: 'aa' })
  assert.deepEqual(ledger.hold({ id: 'b', sentAtMs: 0, text: 'bbb' }), { ok: true, seq: 2 })
  assert.equal(ledger.at(2), undefined)
  assert.equal(ledger.waiting.length, 2)
  assert.equal(ledger.acknowledge(2).ok, false)
  ledger.withdraw()
  assert.deepEqual([ledger.last, ledger.waitingBytes], [1, 2])
  ledger.hold({ id: 'c', sentAtMs: 0, text: 'c' })
  ledger.keep(2)
  assert.equal(ledger.at(2)?.id, 'c')
  assert.equal(ledger.bytesUpTo(2), 3)
})

test('what is kept may be sent, and survives that what came after it is withdrawn', () => {
  const ledger = new OutgoingLedger(EPOCH)
  for (const id of ['a', 'b']) ledger.hold({ id, sentAtMs: 0, text: 'x' })
  assert.equal(ledger.at(1), undefined)
  ledger.keep(1)
  ledger.withdraw()
  assert.deepEqual([ledger.last, ledger.first?.id], [1, 'a'])
})

test('what was said since the books were rolled back is not taken for the numbers that the receiver knows', () => {
  const waiting = [{ id: 'a', sentAtMs: 0, text: 'x' }]
  const ledger = OutgoingLedger.restore({ epoch: EPOCH, acknowledged: 7, waiting })
  assert.deepEqual(ledger.append(message('new')), { ok: true, seq: 9, onWire: 8 })
  assert.equal(settledIds(ledger, 9), 'number 9 was acknowledged, but only 8 were ever sent')
  // Nor in a later run, when the receiver was not met in this one.
  const later = OutgoingLedger.restore({
    epoch: EPOCH,
    acknowledged: 7,
    waiting: ledger.waiting,
    onWire: 8
  })
  assert.deepEqual(later.append(message('newer')), { ok: true, seq: 10, onWire: 8 })
  assert.equal(later.acknowledge(9).ok, false)
})

test('once the receiver was met, numbers are its own and ours; those handed to a stream may be acknowledged', () => {
  const ledger = OutgoingLedger.restore({ epoch: EPOCH, acknowledged: 7, waiting: [] })
  assert.deepEqual(settledIds(ledger, 7), [])
  assert.deepEqual(ledger.append(message('a')), { ok: true, seq: 8 })
  assert.equal(ledger.acknowledge(8).ok, false)
  ledger.handOver(8)
  assert.deepEqual(settledIds(ledger, 8), ['a'])
})

test('a sender that starts anew goes on numbering where it was', () => {
  const waiting = ['a', 'b'].map((id) => ({ id, sentAtMs: 0, text: 'x' }))
  const ledger = OutgoingLedger.restore({ epoch: EPOCH, acknowledged: 7, waiting })
  assert.equal(ledger.first?.seq, 8)
  assert.deepEqual(ledger.append(message('c')), { ok: true, seq: 10, onWire: 9 })
  const answer = ledger.acknowledge(9)
  assert(answer.ok)
  assert.deepEqual(
    answer.settled.map(({ id }) => id),
    ['a', 'b']
  )
})

test('what waits can be numbered anew under another epoch', () => {
  const ledger = OutgoingLedger.restore({
    epoch: '01',
    acknowledged: 7,
    waiting: [{ id: 'a', sentAtMs: 0, text: 'xx' }]
  })
  ledger.hold({ id: 'b', sentAtMs: 0, text: 'x' })
  ledger.renumber('02')
  assert.deepEqual([ledger.epoch, ledger.acknowledged, ledger.last], ['02', 0, 2])
  assert.equal(ledger.at(1)?.id, 'a')
  assert.equal(ledger.at(2)?.seq, 2)
})

test('what came before is a duplicate, what comes too early a gap', () => {
  const ledger = new IncomingLedger()
  ledger.begin(EPOCH, 1)
  ledger.record(EPOCH, 3)
  assert.deepEqual(ledger.judge(EPOCH, 3), { verdict: 'duplicate' })
  assert.deepEqual(ledger.judge(EPOCH, 4), { verdict: 'deliver' })
  assert.deepEqual(ledger.judge(EPOCH, 5, 1), { verdict: 'deliver' })
  assert.deepEqual(ledger.judge(EPOCH, 4, 1), { verdict: 'duplicate' })
  assert.deepEqual(ledger.judge(EPOCH, 5), {
    verdict: 'gap',
    reason: 'number 5 came where 4 was expected'
  })
})

test('a new epoch replaces the old one, which does not come back', () => {
  const ledger = new IncomingLedger()
  ledger.begin('01', 1)
  ledger.record(EPOCH, 5)
  assert.deepEqual(ledger.begin('02', 1), { ok: true, epoch: '02', received: 0 })
  assert.deepEqual(ledger.judge('01', 6), {
    verdict: 'refused',
    reason: 'epoch 01 is not the current one'
  })
  // Its sender learns of the younger one, and takes another.
  assert.deepEqual(ledger.begin('01', 1), { ok: true, epoch: '02', received: 0 })
})

test('a peer that changes its epoch for ever costs no memory', () => {
  const ledger = new IncomingLedger()
  for (let epoch = 0; epoch < 1000; epoch++) ledger.begin(String(epoch), 1)
  assert.equal(ledger.begin('990', 1).epoch, '999')
  assert.equal(ledger.begin('3', 1).epoch, '3')
})

// The books of both directions, and the sending end of a stream, against whatever numbers and frames a remote invents:
// nothing is thrown, nothing grows beyond its limit. fast-check prints seed and path of a failure.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Connection } from '@libp2p/interface'
import { streamPair } from '@libp2p/utils'
import * as fc from 'fast-check'
import { openChat } from '../../../../peer/conversation/handshake.ts'
import { IncomingLedger } from '../../../../peer/conversation/incoming-ledger.ts'
import { OUTGOING_LIMITS, OutgoingLedger } from '../../../../peer/conversation/outgoing-ledger.ts'
import { CONVERSATION_TIMING } from '../../../../peer/conversation/timing.ts'
import { type ChatFrame, encodeChatFrame } from '../../../../shared/wire/chat.ts'
import { CHAT_FRAME } from '../../../support/chat-frames.ts'
import { anyBytes, inPieces } from '../../../support/mutations.ts'

const NUMBER = fc.oneof(
  { arbitrary: fc.integer({ min: 0, max: 12 }), weight: 4 },
  fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  fc.constant(Number.MAX_SAFE_INTEGER)
)
const LIMITS = { maxMessages: 10, maxBytes: 200 }

const OUTGOING_CALL = fc.record({
  kind: fc.constantFrom(
    'hold',
    'keep',
    'handOver',
    'withdraw',
    'acknowledge',
    'renumber',
    'restore'
  ),
  number: NUMBER
})

it('the sending side keeps its limits and its sums, whatever is acknowledged when', () => {
  fc.assert(
    fc.property(fc.array(OUTGOING_CALL, { maxLength: 120, size: 'max' }), (calls) => {
      let ledger = new OutgoingLedger('01', LIMITS)
      let epoch = 1
      let most = LIMITS.maxMessages
      // No more than this can have been on a stream.
      let carried = 0
      for (const { kind, number } of calls) {
        const { acknowledged } = ledger
        if (kind === 'hold')
          ledger.hold({ id: 'x', sentAtMs: 0, text: 'é'.repeat(1 + (number % 60)) })
        if (kind === 'keep') ledger.keep(number)
        if (kind === 'handOver') {
          ledger.handOver(number)
          carried = Math.max(carried, Math.min(number, ledger.last))
        }
        if (kind === 'withdraw') ledger.withdraw()
        if (kind === 'acknowledge') {
          const answer = ledger.acknowledge(number)
          assert.ok(answer.ok || answer.reason.includes('were ever sent'))
          assert.ok(!answer.ok || number <= carried, 'what was never sent is not acknowledged')
          assert.ok(ledger.acknowledged >= acknowledged, 'an acknowledgement is never taken back')
        }
        // Both happen only when everything that was held is kept.
        if (kind === 'renumber' || kind === 'restore') ledger.withdraw()
        if (kind === 'renumber') {
          ledger.renumber(`0${++epoch}`)
          carried = 0
        }
        if (kind === 'restore') {
          const { waiting, acknowledged: settled } = ledger
          // A ledger that goes on has the limits of the product.
          most = OUTGOING_LIMITS.maxMessages
          carried = Math.max(settled, Math.min(number, ledger.last))
          ledger = OutgoingLedger.restore({
            epoch: ledger.epoch,
            acknowledged: settled,
            waiting,
            onWire: number
          })
        }
        check(ledger, most)
      }
    }),
    { numRuns: 3_000 }
  )
})

function check(ledger: OutgoingLedger, most: number): void {
  const { waiting, waitingBytes, acknowledged, last } = ledger
  assert.ok(waiting.length <= most)
  assert.equal(last, acknowledged + waiting.length)
  assert.deepEqual(
    waiting.map(({ seq }) => seq),
    waiting.map((_, index) => acknowledged + 1 + index)
  )
  const bytes = waiting.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0)
  assert.equal(waitingBytes, bytes)
  assert.equal(ledger.at(last + 1), undefined)
  assert.equal(ledger.at(acknowledged), undefined)
}

const EPOCH = fc.constantFrom(...Array.from({ length: 40 }, (_, index) => String(index)))
const INCOMING_CALL = fc.record({
  kind: fc.constantFrom('begin', 'judge', 'judge', 'judge', 'restore'),
  epoch: fc.oneof(fc.constant('0'), EPOCH),
  number: NUMBER.map((number) => Math.max(1, number))
})

it('the receiving side counts on without a gap in every epoch, and remembers few of those that were', () => {
  fc.assert(
    fc.property(fc.array(INCOMING_CALL, { maxLength: 150, size: 'max' }), (calls) => {
      let ledger = new IncomingLedger()
      for (const { kind, epoch, number } of calls) {
        const before = { epoch: ledger.epoch, received: ledger.received }
        if (kind === 'begin') {
          const begun = ledger.begin(epoch, number)
          assert.equal(begun.epoch, ledger.epoch)
          assert.equal(begun.received, ledger.received)
        }
        if (kind === 'judge' && ledger.judge(epoch, number).verdict === 'deliver') {
          assert.deepEqual(before, { epoch, received: number - 1 })
          ledger.record(epoch, number)
        }
        const state = ledger.state()
        if (kind === 'restore' && state !== undefined) ledger = IncomingLedger.restore(state)
        assert.ok((ledger.state()?.past.length ?? 0) <= 16)
        assert.ok(Number.isSafeInteger(ledger.received))
        if (ledger.epoch === before.epoch) assert.ok(ledger.received >= before.received)
      }
    }),
    { numRuns: 3_000 }
  )
})

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the sender only passes it on
const CONNECTION = { id: 'one' } as Connection
const OWN_EPOCH = '00000000000000aa'
const ANSWER: fc.Arbitrary<ChatFrame> = fc.oneof(
  { arbitrary: fc.record({ kind: fc.constant('ack' as const), received: NUMBER }), weight: 4 },
  CHAT_FRAME
)
const SAMPLES = fc.sample(CHAT_FRAME, { numRuns: 20, seed: 3 }).map(encodeChatFrame)

it('whatever the other side answers, a stream that we send on is welcomed, goes on or ends with a named error', async () => {
  const script = fc.record({
    welcomed: fc.option(fc.integer({ min: 0, max: 6 })),
    answers: fc.array(
      fc.oneof({ arbitrary: ANSWER.map(encodeChatFrame), weight: 5 }, anyBytes(SAMPLES)),
      {
        maxLength: 8
      }
    ),
    cuts: fc.array(fc.nat(), { maxLength: 6 })
  })
  await fc.assert(
    fc.asyncProperty(script, async ({ welcomed, answers, cuts }) => {
      const ledger = new OutgoingLedger(OWN_EPOCH)
      for (let seq = 1; seq <= 5; seq++) ledger.append({ id: `m${seq}`, sentAtMs: 0, text: 'x' })
      const [ours, theirs] = await streamPair()
      theirs.addEventListener('message', () => undefined)
      const opening = openChat({
        connection: CONNECTION,
        openStream: async () => ours,
        ledger,
        hello: () => ({ kind: 'hello', epoch: OWN_EPOCH, name: '', rooms: [], nextSeq: 1 }),
        timing: CONVERSATION_TIMING,
        signal: new AbortController().signal,
        onAck: (received) => {
          const answer = ledger.acknowledge(received)
          return answer.ok ? undefined : answer.reason
        },
        onStall: () => undefined
      }).then(
        async (sender) => sender.ended,
        (error: unknown) => error
      )
      const welcome =
        welcomed === null
          ? []
          : [encodeChatFrame({ kind: 'welcome', epoch: OWN_EPOCH, received: welcomed })]
      for (const piece of inPieces(Buffer.concat([...welcome, ...answers]), cuts)) {
        if (theirs.status === 'open') theirs.send(piece)
        await new Promise((resolve) => setImmediate(resolve))
      }
      if (theirs.status === 'open') await theirs.close().catch(() => undefined) // reset meanwhile
      const ended = await opening
      assert.ok(ended instanceof Error, 'the remote has ended it')
      assert.doesNotMatch(ended.name, /^(?:Type|Range|Reference)Error$/)
      assert.ok(ledger.acknowledged <= 5)
      check(ledger, 5)
    }),
    { numRuns: 1_000, endOnFailure: true }
  )
})

// Messages that come in over several streams at once are handed on once, and acknowledged only when they were taken.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Reception } from '../../../../peer/conversation/reception.ts'
import type { ChatMessage } from '../../../../shared/wire/chat.ts'

const EPOCH = '01'

function lines(...numbers: number[]): ChatMessage[] {
  return numbers.map((seq) => ({
    kind: 'message',
    seq,
    id: `id-${seq}`,
    sentAtMs: 0,
    text: `${seq}`
  }))
}

function begun(): Reception {
  const reception = new Reception()
  reception.ledger.begin(EPOCH, 1)
  return reception
}

test('two streams that bring the same messages at the same time show them once', async () => {
  const reception = begun()
  const shown: string[] = []
  const stored = Promise.withResolvers<void>()
  const deliver = async (messages: ChatMessage[]): Promise<void> => {
    await stored.promise
    shown.push(...messages.map(({ text }) => text))
  }
  const one = reception.accept(EPOCH, lines(1, 2, 3), deliver)
  const two = reception.accept(EPOCH, lines(2, 3, 4), deliver)
  stored.resolve()
  assert.deepEqual(await one, { ok: true, received: 3 })
  assert.deepEqual(await two, { ok: true, received: 4 })
  assert.deepEqual(shown, ['1', '2', '3', '4'])
})

test('what could not be stored is not acknowledged, and is taken when it comes again', async () => {
  const reception = begun()
  const full = new Error('the disk is full')
  await assert.rejects(
    reception.accept(EPOCH, lines(1), () => {
      throw full
    }),
    full
  )
  assert.equal(reception.ledger.received, 0)
  assert.deepEqual(await reception.accept(EPOCH, lines(1), () => undefined), {
    ok: true,
    received: 1
  })
})

test('what came before a gap is delivered, the rest refused', async () => {
  const reception = begun()
  const shown: string[] = []
  const answer = await reception.accept(EPOCH, lines(1, 2, 4, 5), (messages) => {
    shown.push(...messages.map(({ text }) => text))
  })
  assert.deepEqual(answer, { ok: false, reason: 'number 4 came where 3 was expected' })
  assert.deepEqual(shown, ['1', '2'])
  assert.equal(reception.ledger.received, 2)
})

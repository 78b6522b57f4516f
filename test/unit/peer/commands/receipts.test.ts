// Who has got what was sent.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Receipts } from '../../../../peer/commands/receipts.ts'

const labelOf = (peer: string): string => peer

it('everybody who was sent something and confirmed it is forgotten', () => {
  const receipts = new Receipts()
  receipts.add({ event: 'sent', id: '1', to: ['bob', 'ann'] })
  receipts.add({ event: 'delivered', id: '1', peer: 'bob' })
  receipts.add({ event: 'delivered', id: '1', peer: 'ann' })
  receipts.add({ event: 'delivered', id: 'unknown', peer: 'ann' })
  assert.equal(receipts.missing().size, 0)
  assert.ok(receipts.complete)
  assert.equal(receipts.complaint('kitchen', labelOf), undefined)
})

it('who did not get what is said in one sentence', () => {
  const receipts = new Receipts()
  receipts.add({ event: 'sent', id: '1', to: ['bob', 'ann'] })
  receipts.add({ event: 'sent', id: '2', to: ['bob'] })
  receipts.add({ event: 'delivered', id: '1', peer: 'cy' })
  assert.equal(
    receipts.complaint('kitchen', labelOf),
    'bob did not confirm 2 messages, and ann did not confirm 1 message (kept, and delivered when you meet again)'
  )
})

it('what nobody was there for is said as well', () => {
  const receipts = new Receipts()
  receipts.add({ event: 'sent', id: '1', to: [] })
  assert.ok(receipts.complete)
  receipts.addToNobody()
  assert.ok(!receipts.complete)
  assert.equal(
    receipts.complaint('kitchen', labelOf),
    'nobody was in the room kitchen to get 1 message'
  )
})

it('what was refused on the way is not complete, and not told a second time', () => {
  const receipts = new Receipts()
  receipts.add({ event: 'sent', id: '1', to: [] })
  receipts.add({ event: 'error', code: 'undelivered', message: 'bob has no room for it' })
  assert.ok(!receipts.complete)
  assert.equal(receipts.complaint('kitchen', labelOf), undefined)
})

it('what was refused after a while is not waited for any more', () => {
  const receipts = new Receipts()
  const refused = { event: 'error', code: 'undelivered', message: 'bob has left' } as const
  receipts.add({ event: 'sent', id: '1', to: ['bob', 'ann'] })
  receipts.add({ ...refused, id: '1', peer: 'bob' })
  assert.ok(!receipts.complete)
  assert.equal(
    receipts.complaint('kitchen', labelOf),
    'ann did not confirm 1 message (kept, and delivered when you meet again)'
  )
})

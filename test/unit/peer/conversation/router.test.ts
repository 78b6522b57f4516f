// Which connection carries a conversation, and whether it is worth moving.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseRoute, type Path } from '../../../../peer/conversation/router.ts'

const relayed: Path = { id: 'relayed', direct: false, openedAtMs: 100, status: 'open' }
const direct: Path = { id: 'direct', direct: true, openedAtMs: 50, status: 'open' }
const younger: Path = { id: 'younger', direct: true, openedAtMs: 60, status: 'open' }

function chosen(
  paths: Path[],
  carrying?: string,
  nowMs = 1_000
): [string | undefined, boolean, string] {
  const { path, move, reason } = chooseRoute(paths, { carrying }, nowMs)
  return [path?.id, move, reason]
}

test('a direct connection wins over a younger relayed one', () => {
  assert.deepEqual(chosen([relayed, direct]), ['direct', true, 'a direct connection carries it'])
  assert.deepEqual(chosen([relayed, direct], 'relayed'), [
    'direct',
    true,
    'a direct connection carries it now'
  ])
})

test('of two of a kind the younger wins, in whatever order they are listed', () => {
  const reason = 'a younger direct connection opened'
  assert.deepEqual(chosen([direct, younger], 'direct'), ['younger', true, reason])
  assert.deepEqual(chosen([younger, direct], 'direct'), ['younger', true, reason])
})

test('it stays where it is when nothing is better', () => {
  const stays = 'the best connection carries it'
  assert.deepEqual(chosen([younger, direct, relayed], 'younger'), ['younger', false, stays])
  const twin = { ...direct, id: 'twin' }
  assert.deepEqual(chosen([twin, direct], 'direct'), ['direct', false, stays])
})

test('it falls back to the relay when the direct connection has closed', () => {
  const closed: Path = { ...direct, status: 'closed' }
  const reason = 'its connection closed, the relay carries it now'
  assert.deepEqual(chosen([relayed, closed], 'direct'), ['relayed', true, reason])
  assert.deepEqual(chosen([relayed], 'direct'), ['relayed', true, reason])
})

test('without an open connection it waits', () => {
  const closing: Path = { ...direct, status: 'closing' }
  const reason = 'its connection closed, and no other one is open'
  assert.deepEqual(chosen([], 'direct'), [undefined, true, reason])
  assert.deepEqual(chosen([closing]), [undefined, false, 'no connection is open'])
})

test('why the last connection ended is told when more is known than that', () => {
  const ended = { carrying: 'direct', whyEnded: 'the other end is gone' }
  const { reason } = chooseRoute([relayed], ended, 1_000)
  assert.equal(reason, 'the other end is gone, the relay carries it now')
  assert.equal(
    chooseRoute([], ended, 1_000).reason,
    'the other end is gone, and no other one is open'
  )
})

test('a connection on which a stream failed is passed over until its time has come', () => {
  const failed: Path = { ...direct, retryAtMs: 1_500 }
  assert.equal(chosen([relayed, failed])[0], 'relayed')
  assert.equal(chooseRoute([relayed, failed], { carrying: 'relayed' }, 1_000).retryAtMs, 1_500)
  assert.equal(chosen([relayed, failed], 'relayed', 1_500)[0], 'direct')
  const reason = 'the conversation could not be opened on any connection'
  assert.deepEqual(chosen([failed], 'direct'), [undefined, true, reason])
})

// What a table of bounded size remembers.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecentMap } from '../../../shared/recent-map.ts'

test('beyond its size the key that was set longest ago is forgotten', () => {
  const map = new RecentMap<string, number>(3)
  for (const [at, key] of ['a', 'b', 'c', 'a', 'd'].entries()) map.set(key, at)
  assert.deepEqual(
    [...map],
    [
      ['c', 2],
      ['a', 3],
      ['d', 4]
    ]
  )
})

test('looking at a key does not keep it, and a deleted one makes room', () => {
  const map = new RecentMap<string, number>(2).set('a', 1).set('b', 2)
  assert.equal(map.get('a'), 1)
  map.set('c', 3)
  assert.equal(map.has('a'), false)
  map.delete('b')
  map.set('d', 4)
  assert.deepEqual([...map.keys()], ['c', 'd'])
})

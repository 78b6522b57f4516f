// When a connection that failed is tried again, and what a peer can do about it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { type KnownPath, Paths } from '../../../../peer/conversation/paths.ts'
import { CONVERSATION_TIMING } from '../../../../peer/conversation/timing.ts'
import { connectionOf } from '../../../support/stream-connection.ts'

const { retryMinMs, retryMaxMs } = CONVERSATION_TIMING

function onePath(): { paths: Paths; path: KnownPath } {
  const paths = new Paths(CONVERSATION_TIMING)
  const remoteAddr = multiaddr('/ip4/192.0.2.1/tcp/1')
  paths.add(Object.assign(connectionOf(new Error('not opened')), { id: 'c1', remoteAddr }))
  return { paths, path: paths.get('c1') ?? assert.fail() }
}

test('who is heard after a goodbye is answered at once', () => {
  const { paths, path } = onePath()
  paths.holdAll(1_000)
  assert.equal(path.retryAtMs, 1_000 + retryMaxMs)
  paths.hurry(path, 2_000)
  assert.equal(path.retryAtMs, 2_000)
})

test('who makes each stream fail is heard as often as it likes and tried after a pause', () => {
  const { paths, path } = onePath()
  for (let failures = 0; failures < 9; failures++) paths.failed(path, 1_000)
  paths.hurry(path, 1_001)
  assert.equal(path.retryAtMs, 1_001 + retryMinMs)
  paths.hurry(path, 1_100)
  assert.equal(path.retryAtMs, 1_001 + retryMinMs, 'it can only make it shorter')
})

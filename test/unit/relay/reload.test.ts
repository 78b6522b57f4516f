// What an operator is told after a SIGHUP.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { OPEN_TO_ALL } from '../../../relay/access/access.ts'
import type { RelaySettings } from '../../../relay/config.ts'
import { DEFAULT_LIMITS } from '../../../relay/limits.ts'
import { reloadWords } from '../../../relay/reload.ts'

const started: RelaySettings = {
  listen: ['/ip4/0.0.0.0/tcp/1'],
  announce: [],
  identityFile: 'relay.key',
  drainSeconds: 8,
  limits: DEFAULT_LIMITS,
  status: undefined,
  access: OPEN_TO_ALL,
  reflectPort: 'beside',
  json: false,
  verbose: false
}

it('a reload tells what has changed, and what takes a restart', () => {
  const limits = { ...DEFAULT_LIMITS, circuits: 7 }
  const changed = { ...started, limits, drainSeconds: 1, listen: [], identityFile: 'other.key' }
  assert.deepEqual(reloadWords(started, started, changed), [
    'reloaded: limit circuits is 7, was 1024',
    'reloaded: drain is 1, was 8',
    'not reloaded: listen has changed, which takes a restart',
    'not reloaded: identity has changed, which takes a restart'
  ])
  assert.deepEqual(reloadWords(started, changed, changed), [
    'not reloaded: listen has changed, which takes a restart',
    'not reloaded: identity has changed, which takes a restart'
  ])
  assert.deepEqual(reloadWords(started, changed, { ...changed, listen: started.listen }), [
    'not reloaded: identity has changed, which takes a restart'
  ])
  const access = { ...OPEN_TO_ALL, deny: ['a'] }
  assert.deepEqual(reloadWords(started, started, { ...started, access }), [
    'reloaded: access is for everybody, but for 1 denied peer'
  ])
  assert.deepEqual(reloadWords(started, started, started), ['reloaded: nothing has changed'])
})

it('a reload tells what stands in the file and is overruled, in place of having changed nothing', () => {
  const overruled = [{ key: 'limits.circuits', by: '--limit' }]
  assert.deepEqual(reloadWords(started, started, started, overruled), [
    'not reloaded: --limit overrules limits.circuits in the file'
  ])
})

// The relays in the answer to /peers.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { RelayStatus } from '../../../../peer/api.ts'
import { relaysTable } from '../../../../peer/commands/relay-lines.ts'

const NOW = Date.UTC(2026, 10, 1)
const MINUTE = 60_000

it('/peers shows how each relay stands, since when, and what comes next', () => {
  const relays: RelayStatus[] = [
    {
      relay: '12D3KooWAAAAAAAArrrrrrrr',
      address: '/ip4/1.2.3.4/tcp/5',
      state: 'reserved',
      sinceMs: NOW - 5 * 60 * MINUTE,
      expiresAtMs: NOW + 50 * MINUTE,
      limit: { seconds: 1800, bytes: 64 * 1024 * 1024 }
    },
    {
      address: '/ip4/7.7.7.7/tcp/5',
      state: 'lost',
      sinceMs: NOW - 90_000,
      retryAtMs: NOW + 4_000,
      reason: 'nothing\u001B[2J listens'
    },
    { address: '/dns4/r/tcp/5', state: 'connecting', sinceMs: NOW - 300 }
  ]
  assert.deepEqual(relaysTable(relays, NOW), [
    'relay      state       for   address',
    '…rrrrrrrr  reserved    5 h   /ip4/1.2.3.4/tcp/5  renewed within 50 min, a circuit lasts 30 min or 64 MiB',
    '-          lost        90 s  /ip4/7.7.7.7/tcp/5  again in 4 s: nothing␛[2J listens',
    '-          connecting  0 s   /dns4/r/tcp/5'
  ])
})

it('/peers says of a relay that shuts down how long circuits last', () => {
  const times = { sinceMs: NOW, expiresAtMs: NOW + 50 * MINUTE, endsAtMs: NOW + 8_000 }
  const status = { address: '/a', state: 'reserved', ...times } as const
  assert.match(relaysTable([status], NOW)[1] ?? '', /shutting down: a circuit ends within 8 s$/)
})

it('says nothing without relays, and nothing of limits that there are not', () => {
  assert.deepEqual(relaysTable([], NOW), [])
  const status = { address: '/a', state: 'reserved', sinceMs: NOW, limit: {} } as const
  assert.deepEqual(relaysTable([status], NOW)[1], '-      reserved  0 s  /a')
})

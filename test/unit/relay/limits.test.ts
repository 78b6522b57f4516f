// The table of limits: what a default must fit into.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MAX_HOP_STREAMS } from '../../../relay/circuit/limits.ts'
import { DEFAULT_LIMITS, LIMIT_NAMES, LIMITS } from '../../../relay/limits.ts'

describe('the limits', () => {
  it('have a default within their range, and a reason in sentences', () => {
    for (const name of LIMIT_NAMES) {
      const { default: value, min, max, why } = LIMITS[name]
      assert.ok(value >= min && value <= max && Number.isInteger(value), name)
      assert.match(why, /^[A-Z].{20,}\.$/, name)
    }
  })

  it('leave room for each other', () => {
    const limits = DEFAULT_LIMITS
    assert.ok(limits.reservations < limits.connections, 'who reserves has connected')
    assert.ok(limits['reservations-per-host'] < limits['connections-per-host'])
    assert.ok(limits['connections-per-host'] * 4 <= limits.connections)
    assert.ok(limits['handshakes-per-host'] < limits.handshakes)
    assert.ok(limits['circuit-bytes-per-second'] < limits['bytes-per-second'])
    assert.ok(limits['circuits-per-peer'] < limits['circuits-per-host'])
    assert.ok(limits['circuits-per-host'] * 2 <= limits.circuits)
    assert.ok(LIMITS['circuits-per-peer'].max < MAX_HOP_STREAMS)
  })

  it('take a circuit that sends as fast as it may to its last byte within its time', () => {
    const { 'circuit-bytes': bytes, 'circuit-bytes-per-second': rate } = DEFAULT_LIMITS
    assert.ok(bytes / rate < DEFAULT_LIMITS['circuit-seconds'])
  })
})

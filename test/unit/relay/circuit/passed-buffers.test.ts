// The buffers of what has passed are freed in time.
import assert from 'node:assert/strict'
import { memoryUsage } from 'node:process'
import { describe, it } from 'node:test'
import { COLLECTED_BYTES, PassedBuffers } from '../../../../relay/circuit/passed-buffers.ts'

describe('the buffers of what has passed', () => {
  it('are collected each time that so many bytes have', () => {
    let collections = 0
    const passed = new PassedBuffers(() => collections++)
    passed.add(COLLECTED_BYTES - 1)
    assert.equal(collections, 0)
    passed.add(1)
    assert.equal(collections, 1)
    passed.add(COLLECTED_BYTES / 2)
    assert.equal(collections, 1)
    passed.add(COLLECTED_BYTES / 2)
    assert.equal(collections, 2)
  })

  it('are gone then, whatever flags Node was started with', () => {
    const passed = new PassedBuffers()
    const before = memoryUsage().arrayBuffers
    for (let n = 0; n < 20; n++) new Uint8Array(1024 * 1024).fill(n)
    const held = memoryUsage().arrayBuffers - before
    // The memory itself is given back beside the program, and counted with the next collection.
    for (let n = 0; n < 3; n++) passed.add(COLLECTED_BYTES)
    const kept = memoryUsage().arrayBuffers - before
    assert.ok(held >= 10 * 1024 * 1024 && kept < held / 2, `${held} held, ${kept} kept`)
  })
})

// What the relay tells those who would join to type.
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { peerCommand } from '../../../relay/peer-command.ts'
import { scratchFolder } from '../../support/scratch.ts'

describe('the command for a peer', () => {
  it('starts the launcher where the project is checked out', () => {
    assert.equal(peerCommand(join(import.meta.dirname, '../../..')), 'node peer/parley.js chat')
  })

  it('is the installed one where the project is a package of another', (test) => {
    const root = join(scratchFolder(test), 'node_modules', 'parley')
    mkdirSync(root, { recursive: true })
    writeFileSync(join(root, 'package.json'), '{}')
    assert.equal(peerCommand(root), 'parley chat')
  })

  it('is the installed one where there is no project to be seen', (test) => {
    assert.equal(peerCommand(scratchFolder(test)), 'parley chat')
  })
})

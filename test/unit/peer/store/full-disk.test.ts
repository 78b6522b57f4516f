// A disk that is full, as a small tmpfs in a mount namespace of its own: left out where none can be had.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { it } from 'node:test'
import { scratchFolder } from '../../../support/scratch.ts'
import { IN_NAMESPACE, NO_MOUNT } from '../../../support/own-mounts.ts'

it(
  'on a full disk a write is refused with a sentence, and the next one works when there is space',
  { skip: NO_MOUNT },
  (test) => {
    const folder = scratchFolder(test)
    const program = join(import.meta.dirname, '../../../support/full-disk-program.ts')
    const { stdout, stderr } = spawnSync(
      'unshare',
      [
        ...IN_NAMESPACE,
        'mount -t tmpfs -o size=1m none "$1" && exec "$2" "$3" "$1"',
        'sh',
        folder,
        process.execPath,
        program
      ],
      { encoding: 'utf8' }
    )
    assert.equal(stderr, '')
    const { said, waiting }: { said: string[]; waiting: string[] } = JSON.parse(stdout)
    assert.equal(said[0], 'kept')
    assert.match(said[1] ?? '', /^messages cannot be kept in .*: the disk is full, so free some/)
    assert.equal(said[2], 'kept')
    assert.deepEqual(waiting, ['m1', 'm2'])
  }
)

// A small file, whatever it turns out to be.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { readBounded } from '../../../shared/read-bounded.ts'
import { scratchFolder } from '../../support/scratch.ts'
import { EXCUSED } from '../../support/left-out.ts'

const refuse = (stats: Stats): void => {
  throw new Error(`${stats.isFile() ? 'a file' : 'no file'} of ${stats.size}`)
}

describe('a file that is to be small', () => {
  it('is read up to the limit, or not there', async (t) => {
    const file = join(scratchFolder(t), 'file')
    writeFileSync(file, 'hello')
    assert.deepEqual(await readBounded(file, 100, () => {}), new Uint8Array(Buffer.from('hello')))
    assert.deepEqual(await readBounded(file, 4, () => {}), new Uint8Array(Buffer.from('hell')))
    assert.equal(await readBounded(`${file}.not`, 4, () => {}), undefined)
  })

  it('is not read when its state is not right', async (t) => {
    const file = join(scratchFolder(t), 'file')
    writeFileSync(file, 'hello')
    await assert.rejects(readBounded(file, 100, refuse), /a file of 5/)
  })

  it(
    'is not waited for when it is a pipe that nobody writes to',
    { skip: process.platform === 'win32' && EXCUSED.windows },
    async (t) => {
      const pipe = join(scratchFolder(t), 'pipe')
      execFileSync('mkfifo', [pipe])
      await assert.rejects(readBounded(pipe, 10, refuse), /no file of 0/)
    }
  )
})

// One identity, one process.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { UserError } from '../../../shared/errors.ts'
import { lockIdentity } from '../../../shared/identity-lock.ts'
import { asRoot, scratchFolder } from '../../support/scratch.ts'
import { EXCUSED } from '../../support/left-out.ts'

const LOCK_MODULE = new URL('../../../shared/identity-lock.ts', import.meta.url).href

const inUse = (error: unknown): boolean =>
  error instanceof UserError &&
  error.code === 'identity-in-use' &&
  /is in use by another copy .* --identity FILE or PARLEY_HOME$/.test(error.message)

it('the second to ask is refused until the first has let go', (test) => {
  const file = join(scratchFolder(test), 'peer.key')
  const first = lockIdentity(file)
  assert.throws(() => lockIdentity(file), inUse)
  first?.[Symbol.dispose]()
  first?.[Symbol.dispose]()
  lockIdentity(file)?.[Symbol.dispose]()
})

it('a process that is killed leaves no lock behind', async (test) => {
  const file = join(scratchFolder(test), 'peer.key')
  const script = `
    const { lockIdentity } = await import(${JSON.stringify(LOCK_MODULE)})
    globalThis.lock = lockIdentity(${JSON.stringify(file)})
    setInterval(() => {}, 1000)
    console.log('locked')`
  const child = spawn(globalThis.process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  test.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  assert.throws(() => lockIdentity(file), inUse)
  child.kill('SIGKILL')
  await once(child, 'exit')
  lockIdentity(file)?.[Symbol.dispose]()
})

it('two identities in one folder do not stand in each other’s way', (test) => {
  const folder = scratchFolder(test)
  using one = lockIdentity(join(folder, 'one.key'))
  using two = lockIdentity(join(folder, 'two.key'))
  assert.ok(one !== undefined && two !== undefined)
})

it('somebody else’s file of that name is reported and kept', (test) => {
  const file = join(scratchFolder(test), 'peer.key')
  const theirs = 'notes of somebody else, long enough to be looked at as a database '.repeat(20)
  writeFileSync(`${file}.lock`, theirs)
  assert.throws(
    () => lockIdentity(file),
    (error: unknown) => error instanceof UserError && error.code === 'identity-lock'
  )
  assert.equal(readFileSync(`${file}.lock`, 'utf8'), theirs)
})

it(
  'a key on a read-only file system can be used without a lock',
  { skip: asRoot && EXCUSED.asRoot },
  (test) => {
    const folder = scratchFolder(test)
    chmodSync(folder, 0o500)
    assert.equal(lockIdentity(join(folder, 'peer.key')), undefined)
  }
)

it('where there is no such folder there is no lock either', () => {
  assert.equal(lockIdentity('/proc/parley/peer.key'), undefined)
})

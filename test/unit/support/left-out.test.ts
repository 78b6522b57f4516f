// What becomes of a test whose machine lacks something, on a desk and in CI.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { scratchFolder } from '../../support/scratch.ts'

const LEFT_OUT = join(import.meta.dirname, '../../support/left-out.ts')

/** Runs a file with one test that needs what there is not, and one that needs nothing. */
function run(folder: string, ci: string): { code: number | null; said: string } {
  const file = join(folder, 'a.test.mjs')
  writeFileSync(
    file,
    `import { it } from 'node:test'
    import { needs } from ${JSON.stringify(LEFT_OUT)}
    const skip = needs(false, 'there is no unicorn here')
    it('rides', { skip }, () => {})
    it('walks', { skip: needs(true, 'there is no ground here') }, () => {})`
  )
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const args = ['--test', '--test-reporter=tap', file]
  const { status, stdout } = spawnSync(process.execPath, args, {
    env: { ...env, CI: ci },
    encoding: 'utf8'
  })
  return { code: status, said: stdout }
}

it('a test is left out with a sentence where its machine lacks something', (t) => {
  const { code, said } = run(scratchFolder(t), '')
  assert.equal(code, 0, said)
  assert.match(said, /^ok .* - rides # SKIP there is no unicorn here$/m)
  assert.match(said, /^ok .* - walks$/m)
})

it('in CI that is a failure with the same sentence, and all other tests run', (t) => {
  const { code, said } = run(scratchFolder(t), 'true')
  assert.equal(code, 1)
  assert.match(said, /^not ok .* - has all that \.ci\/run sees to$/m)
  assert.match(said, /there is no unicorn here; with CI=true that is a fault/)
  assert.match(said, /^ok .* - walks$/m)
})

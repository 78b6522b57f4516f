// A folder of one's own for a test, gone when the test is.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

export function scratchFolder(test: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'parley-test-'))
  test.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Root may read and write whatever the mode of a file says. */
export const asRoot = process.getuid?.() === 0

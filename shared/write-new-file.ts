// Writes a file that must not exist yet: it appears whole or not at all, and what is there is never replaced.
import { randomUUID } from 'node:crypto'
import { link, mkdir, open, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'

const PRIVATE_FILE = 0o600
const PRIVATE_FOLDER = 0o700

/** File systems without hard links (exFAT, network shares) say one of these. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP'])

/** For its owner alone, as are folders made on the way. False when there is such a file; throws what the system says. */
export async function writeNewFile(file: string, content: Uint8Array | string): Promise<boolean> {
  await mkdir(dirname(file), { recursive: true, mode: PRIVATE_FOLDER })
  const draft = `${file}.${randomUUID()}.draft`
  try {
    await writeExclusively(draft, content)
    await link(draft, file)
    return true
  } catch (error) {
    const code = codeOf(error)
    if (code === 'EEXIST') return false
    if (NO_LINKS.has(code)) return await writeDirectly(file, content)
    throw error
  } finally {
    await unlink(draft).catch(() => {})
  }
}

async function writeDirectly(file: string, content: Uint8Array | string): Promise<boolean> {
  try {
    await writeExclusively(file, content)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

async function writeExclusively(file: string, content: Uint8Array | string): Promise<void> {
  const handle = await open(file, 'wx', PRIVATE_FILE)
  try {
    await handle.writeFile(content)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : ''

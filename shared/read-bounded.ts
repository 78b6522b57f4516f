// Reads a file that is to be small, whatever it turns out to be.
import { constants, type Stats } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'

/**
 * Its first `maxBytes` bytes; undefined when there is no such file. `check` gets its state before anything is read, and
 * throws when it is not to be read. Throws that, or what the system says.
 */
export async function readBounded(
  file: string,
  maxBytes: number,
  check: (stats: Stats) => void
): Promise<Uint8Array | undefined> {
  let handle: FileHandle
  try {
    // Without O_NONBLOCK opening a named pipe would wait for its writer forever.
    handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
  try {
    check(await handle.stat())
    const buffer = new Uint8Array(maxBytes)
    const { bytesRead } = await handle.read(buffer, 0, maxBytes, 0)
    return buffer.slice(0, bytesRead)
  } finally {
    await handle.close()
  }
}

// A headless Chromium where the machine has one: the system's own, nothing is downloaded.
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromium, type Browser } from 'playwright-core'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'chrome']

/** Its path, or undefined. PARLEY_TEST_CHROMIUM names one that is not on the PATH. */
export function chromiumHere(): string | undefined {
  const named = process.env['PARLEY_TEST_CHROMIUM']
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const candidates = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)))
  return [...(named === undefined ? [] : [named]), ...candidates].find(isExecutable)
}

/** For tests that look at nothing but our own pages, as root too. */
export async function launchChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

// The command by which a peer of this very copy of the project is started.
import { existsSync } from 'node:fs'
import { join, sep } from 'node:path'

/**
 * `root` is the folder of the project. In a checkout nothing named `parley` is on the PATH; an installed package lies
 * in a `node_modules` and has it there.
 */
export function peerCommand(root: string): string {
  const isInstalled = root.split(sep).includes('node_modules')
  return !isInstalled && existsSync(join(root, 'package.json'))
    ? 'node peer/parley.js chat'
    : 'parley chat'
}

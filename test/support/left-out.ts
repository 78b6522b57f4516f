// Which tests a machine may leave out. With CI=true none that .ci/run sees to: a skipped test proves nothing.
import assert from 'node:assert/strict'
import { it } from 'node:test'

/** For `skip`: false where it is there, else the sentence, which fails in CI as a test of its own. */
export function needs(isHere: boolean, sentence: string): string | false {
  if (isHere) return false
  if (process.env['CI'] === 'true') {
    it('has all that .ci/run sees to', () =>
      assert.fail(`${sentence}; with CI=true that is a fault`))
  }
  return sentence
}

/** For `skip`: what .ci/run cannot see to, each with the reason. */
export const EXCUSED = {
  asRoot: 'no mode stops root, and CI may run as root',
  notRoot: 'it takes root to give a file away, and CI may run as somebody else',
  nobodyReadsHere:
    'no other user can read this checkout, and where CI puts it is not for .ci/run to say',
  ipv6: 'this machine has no IPv6, like the containers of many CI services',
  foreignProgram:
    'no program on another libp2p is named (PARLEY_LAB_GO, PARLEY_LAB_RUST), and .ci/run builds none',
  windows: 'Windows has neither modes nor named pipes in folders, and .ci/run is for Debian'
} as const

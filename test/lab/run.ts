// node test/lab/run.ts -- COMMAND...   runs COMMAND in a box where NAT labs can be built.
// A machine that cannot is told so in one line; with CI=true that is a failure, for a skipped lab proves nothing.

import { labSupport, runInBox } from './box.ts'

const args = process.argv.slice(2)
const command = args[0] === '--' ? args.slice(1) : args
if (command.length === 0) {
  console.error('usage: node test/lab/run.ts -- COMMAND...')
  process.exit(2)
}

const support = await labSupport()
if (support.able) {
  process.exitCode = await runInBox(command)
} else {
  console.log(`NAT lab left out: ${support.sentence}`)
  process.exitCode = process.env['CI'] === 'true' ? 1 : 0
}

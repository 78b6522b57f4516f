// The row that says what goes on: there while nothing else is written, and gone without a trace.
import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { it } from 'node:test'
import { openTerminal } from '../../../../peer/terminal/prompt.ts'

const COLUMNS = 20
const CLEAR_ROW = '\u001B[1G\u001B[2K'

class Screen extends PassThrough {
  readonly isTTY: boolean
  readonly columns = COLUMNS
  written = ''

  constructor(isTTY = true) {
    super()
    this.isTTY = isTTY
  }

  override write(chunk: string): boolean {
    this.written += chunk
    return true
  }

  /** What is left to see, row by row. */
  get rows(): string[] {
    return this.written.split('\n').map((row) => row.split(CLEAR_ROW).at(-1) ?? '')
  }
}

const input = (): PassThrough => new PassThrough()

it('is replaced by the next, and makes room for what is printed', () => {
  const screen = new Screen()
  const terminal = openTerminal({ input: input(), output: screen, errors: screen })
  terminal.progress('looking')
  terminal.progress('looking on')
  assert.deepEqual(screen.rows, ['looking on'])
  terminal.print('found')
  assert.deepEqual(screen.rows, ['found', 'looking on'])
  terminal.progress(undefined)
  assert.deepEqual(screen.rows, ['found', ''])
})

it('never fills its row, for a full one begins another', () => {
  const screen = new Screen()
  const terminal = openTerminal({ input: input(), output: screen, errors: screen })
  terminal.progress('x'.repeat(50))
  assert.deepEqual(screen.rows, ['x'.repeat(COLUMNS - 1)])
})

it('is not written to a file or a pipe, and what is printed into one passes it by', () => {
  const [output, errors] = [new Screen(false), new Screen(false)]
  const piped = openTerminal({ input: input(), output, errors })
  piped.progress('looking')
  piped.print('found')
  assert.deepEqual([output.written, errors.written], ['found\n', ''])
  assert.equal(piped.screen, undefined)
  const screen = new Screen()
  const half = openTerminal({ input: input(), output, errors: screen })
  half.progress('looking')
  half.print('more')
  assert.equal(screen.written, 'looking')
})

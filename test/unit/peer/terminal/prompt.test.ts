// The terminal: lines in, lines out, and a prompt that survives what comes in.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import { openTerminal, type Terminal } from '../../../../peer/terminal/prompt.ts'

const COLUMNS = 20
const COMMAND_OR_CHARACTER = /\p{Cc}\[(\d*)([A-Z])|[^]/gv

class Screen extends PassThrough {
  isTTY = true
  columns = COLUMNS
  written = ''

  override write(chunk: string): boolean {
    this.written += chunk
    this.emit('drawn')
    return true
  }

  /** What a terminal of this width would show, for the few commands that a line editor uses. */
  rows(): string[] {
    const rows: string[][] = [[]]
    let row = 0
    let column = 0
    const put = (character: string): void => {
      if (column === COLUMNS) [row, column] = [row + 1, 0]
      ;(rows[row] ??= [])[column++] = character
    }
    for (const [piece, count, command] of this.written.matchAll(COMMAND_OR_CHARACTER)) {
      if (command === 'A') row = Math.max(0, row - Number(count || 1))
      else if (command === 'G') column = Number(count || 1) - 1
      else if (command === 'C') column += Number(count || 1)
      else if (command === 'J') {
        rows.length = row + 1
        rows[row]?.splice(column)
      } else if (piece === '\r') column = 0
      else if (piece === '\n') [row, column] = [row + 1, 0]
      else put(piece)
    }
    return Array.from(rows, (cells) => Array.from(cells ?? [], (cell) => cell ?? ' ').join(''))
  }
}

class Keyboard extends PassThrough {
  isTTY = true
}

interface Person {
  keyboard: Keyboard
  screen: Screen
  terminal: Terminal
  lines: AsyncIterator<string>
  leave: AbortController
}

function person(): Person {
  const keyboard = new Keyboard()
  const screen = new Screen()
  const leave = new AbortController()
  const terminal = openTerminal({ input: keyboard, output: screen, errors: screen })
  const lines = terminal.lines(leave.signal)[Symbol.asyncIterator]()
  return { keyboard, screen, terminal, lines, leave }
}

async function type({ keyboard, screen }: Person, keys: string): Promise<void> {
  const drawn = once(screen, 'drawn')
  keyboard.push(keys)
  await drawn
}

describe('a person at a terminal', () => {
  it('types lines, one after the other', async () => {
    const who = person()
    assert.ok(who.terminal.interactive)
    const first = who.lines.next()
    who.keyboard.push('hello\rthere\r')
    assert.deepEqual(await first, { value: 'hello', done: false })
    assert.deepEqual(await who.lines.next(), { value: 'there', done: false })
    who.leave.abort()
    assert.equal((await who.lines.next()).done, true)
  })

  it('keeps what is being typed when a line comes in, and can go on', async () => {
    const who = person()
    const line = who.lines.next()
    await type(who, 'half a sen')
    who.terminal.print('bob: hello')
    who.terminal.say('ann is in the room')
    assert.deepEqual(who.screen.rows(), ['bob: hello', 'ann is in the room', '> half a sen'])
    who.keyboard.push('tence\r')
    assert.deepEqual(await line, { value: 'half a sentence', done: false })
    who.leave.abort()
    await who.lines.next()
  })

  it('keeps it even when it is several rows long', async () => {
    const who = person()
    const line = who.lines.next()
    await type(who, 'x'.repeat(50))
    who.terminal.print('bob: hello')
    who.terminal.print('bob: again')
    const typed = `> ${'x'.repeat(50)}`
    assert.deepEqual(who.screen.rows(), [
      'bob: hello',
      'bob: again',
      typed.slice(0, 20),
      typed.slice(20, 40),
      typed.slice(40)
    ])
    who.keyboard.push('\r')
    assert.deepEqual(await line, { value: 'x'.repeat(50), done: false })
    who.leave.abort()
    await who.lines.next()
  })

  it('keeps it whichever way it was drawn before', async () => {
    const who = person()
    const line = who.lines.next()
    await type(who, 'x'.repeat(50))
    who.terminal.print('bob: hello')
    await type(who, 'y')
    await type(who, '\u0008'.repeat(40))
    who.terminal.print('bob: again')
    await type(who, 'z'.repeat(20))
    who.terminal.print('bob: and again')
    const typed = `> ${'x'.repeat(11)}${'z'.repeat(20)}`
    assert.deepEqual(who.screen.rows(), [
      'bob: hello',
      'bob: again',
      'bob: and again',
      typed.slice(0, 20),
      typed.slice(20)
    ])
    who.leave.abort()
    await line
  })

  it('takes back a line with Ctrl-C, and leaves with Ctrl-C at an empty one', async () => {
    const who = person()
    const line = who.lines.next()
    await type(who, 'oh no\u001B[D\u001B[D')
    await type(who, '\u0003')
    who.keyboard.push('yes\r')
    assert.deepEqual(await line, { value: 'yes', done: false })
    const end = who.lines.next()
    who.keyboard.push('\u0003')
    assert.equal((await end).done, true)
  })

  it('leaves with Ctrl-D', async () => {
    const who = person()
    const end = who.lines.next()
    who.keyboard.push('\u0004')
    assert.equal((await end).done, true)
    assert.match(who.screen.written, /\n$/, 'the shell’s prompt gets a line of its own')
  })

  it('gets lines as they are before and after the prompt', async () => {
    const who = person()
    who.terminal.say('connecting')
    assert.equal(who.screen.written, 'connecting\n')
    who.leave.abort()
    assert.equal((await who.lines.next()).done, true)
    who.screen.written = ''
    who.terminal.say('bye')
    assert.equal(who.screen.written, 'bye\n')
  })
})

interface Pipe {
  input: PassThrough
  output: PassThrough
  errors: PassThrough
  terminal: Terminal
}

function pipe(): Pipe {
  const input = new PassThrough()
  const output = new PassThrough({ encoding: 'utf8' })
  const errors = new PassThrough({ encoding: 'utf8' })
  return { input, output, errors, terminal: openTerminal({ input, output, errors }) }
}

async function all(terminal: Terminal): Promise<string[]> {
  const lines: string[] = []
  for await (const line of terminal.lines(new AbortController().signal)) lines.push(line)
  return lines
}

describe('a pipe', () => {
  it('is read line by line, the last one without a newline as well', async () => {
    const { input, terminal } = pipe()
    assert.equal(terminal.interactive, false)
    input.end('one\r\ntwo\n\nthree')
    assert.deepEqual(await all(terminal), ['one', 'two', '', 'three'])
  })

  it('gets neither prompt nor cursor movements', async () => {
    const { input, output, errors, terminal } = pipe()
    input.end('one\n')
    await all(terminal)
    terminal.print('data')
    terminal.say('talk')
    assert.equal(output.read(), 'data\n')
    assert.equal(errors.read(), 'talk\n')
  })

  it('that breaks is one that ends', async () => {
    const { input, terminal } = pipe()
    const lines = all(terminal)
    input.destroy(new Error('EIO'))
    assert.deepEqual(await lines, [])
  })

  it('that nobody reads any more is not written to', () => {
    const { output, terminal } = pipe()
    output.destroy()
    terminal.print('data')
  })
})

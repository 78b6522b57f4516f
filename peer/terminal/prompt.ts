// Standard input, output and error as a person or a pipe has them: the only file that touches the terminal.
// What comes in while somebody types goes above the line they are typing.
import {
  clearScreenDown,
  createInterface,
  cursorTo,
  moveCursor,
  type Interface
} from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { columnsOf, ProgressLine, type Screen } from './progress-line.ts'

export interface Streams {
  input: Readable & { isTTY?: boolean }
  output: Screen
  errors: Screen
}

export interface Terminal {
  /** A person types; otherwise a pipe or a file is read. */
  readonly interactive: boolean
  /** Standard output, unless that is a pipe or a file. */
  readonly screen: { columns: number } | undefined
  /** Writes a line of data: standard output. */
  print(line: string): void
  /** Writes a line of talk: standard error. */
  say(line: string): void
  /** Says what goes on, below everything else, until the next call; nothing where standard error is no screen. */
  progress(text: string | undefined): void
  /** What is typed or piped, line by line; ends with the input, Ctrl-D, Ctrl-C at an empty line, or the signal. */
  lines(signal: AbortSignal): AsyncIterable<string>
}

export function openTerminal({ input, output, errors }: Streams): Terminal {
  const screen = output.isTTY === true ? output : errors
  const interactive = input.isTTY === true && screen.isTTY === true
  const progress = new ProgressLine(errors)
  let editor: Interface | undefined

  const write = (stream: Screen, line: string): void => {
    if (stream.destroyed || stream.writableEnded) return
    if (stream.isTTY !== true) stream.write(`${line}\n`)
    else if (editor === undefined) progress.aside(() => stream.write(`${line}\n`))
    else writeAbove(editor, screen, () => stream.write(`${line}\n`))
  }

  async function* lines(signal: AbortSignal): AsyncGenerator<string> {
    const reader = createInterface({
      input,
      ...(interactive ? { output: screen } : {}),
      terminal: interactive,
      prompt: '> ',
      crlfDelay: Infinity,
      signal
    })
    let open = true
    const ask = (): void => {
      if (!interactive || !open) return
      editor = reader
      reader.prompt()
    }
    reader.on('SIGINT', () => clearOrClose(reader))
    reader.once('close', () => {
      open = false
      // The shell's prompt must not land on the line that was being typed.
      if (editor !== undefined) screen.write('\n')
      editor = undefined
    })
    ask()
    try {
      for await (const line of reader) {
        // Enter has ended the row that was typed on: until the next prompt there is nothing to write above.
        editor = undefined
        yield line
        ask()
      }
    } catch {
      // A terminal that is gone, or a pipe that broke, has nothing more to say: as good as its end.
    } finally {
      reader.close()
    }
  }

  return {
    interactive,
    print: (line) => write(output, line),
    say: (line) => write(errors, line),
    screen: output.isTTY === true ? { columns: columnsOf(output) } : undefined,
    progress: (text) => progress.show(text),
    lines
  }
}

/** Takes the prompt away, writes, and draws it again with what was typed so far. */
function writeAbove(editor: Interface, screen: Writable, writeLine: () => void): void {
  const { rows } = editor.getCursorPos()
  moveCursor(screen, 0, -rows)
  cursorTo(screen, 0)
  clearScreenDown(screen)
  writeLine()
  // Drawing starts by going up as many rows as the last drawing had, which typing does not keep up to date.
  const goesUp: unknown = Reflect.get(editor, 'prevRows')
  if (typeof goesUp === 'number') screen.write('\n'.repeat(goesUp))
  editor.prompt(true)
}

/** Ctrl-C: the first takes back what is typed, at an empty line it ends the input. */
function clearOrClose(editor: Interface): void {
  if (editor.line === '') editor.close()
  else {
    editor.write(null, { ctrl: true, name: 'e' })
    editor.write(null, { ctrl: true, name: 'u' })
  }
}

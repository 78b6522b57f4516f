// A line that shows that something goes on, at the bottom of the screen, until disposed.
import type { Terminal } from './prompt.ts'

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const FRAME_MS = 100

/** `text` is asked for with each frame. */
export function startSpinner(terminal: Pick<Terminal, 'progress'>, text: () => string): Disposable {
  let frame = 0
  const show = (): void => {
    terminal.progress(`${FRAMES[frame % FRAMES.length] ?? ''} ${text()}`)
    frame += 1
  }
  show()
  const timer = setInterval(show, FRAME_MS).unref()
  return {
    [Symbol.dispose]() {
      clearInterval(timer)
      terminal.progress(undefined)
    }
  }
}

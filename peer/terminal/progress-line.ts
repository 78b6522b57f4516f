// One row at the bottom of a screen that says what goes on, and makes room for what is printed meanwhile.
import { clearLine, cursorTo } from 'node:readline'
import type { Writable } from 'node:stream'

export type Screen = Writable & { isTTY?: boolean; columns?: number }

/** What a terminal is taken for that does not say. */
const USUAL_COLUMNS = 80

export const columnsOf = ({ columns = 0 }: Screen): number =>
  columns > 0 ? columns : USUAL_COLUMNS

export class ProgressLine {
  readonly #screen: Screen
  #shown: string | undefined

  constructor(screen: Screen) {
    this.#screen = screen
  }

  /** Undefined takes it away. Plain text; what does not fit into the row is cut off. */
  show(text: string | undefined): void {
    const screen = this.#screen
    if (screen.isTTY !== true || screen.destroyed) return
    if (this.#shown !== undefined) {
      cursorTo(screen, 0)
      clearLine(screen, 0)
    }
    this.#shown = text
    // A row that is full would begin another one, which nobody takes away.
    if (text !== undefined) screen.write(text.slice(0, columnsOf(screen) - 1))
  }

  /** Runs what writes to the same screen, with the row out of its way. */
  aside(write: () => void): void {
    const shown = this.#shown
    if (shown === undefined) {
      write()
      return
    }
    this.show(undefined)
    write()
    this.show(shown)
  }
}

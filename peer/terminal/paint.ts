// Colours, for those who want them. (pure)

export interface Style {
  /** Of the screen, or of what is read as if it were one. */
  columns: number
  colour: boolean
}

const CODES = { bold: 1, red: 31, green: 32, yellow: 33, grey: 90 } as const
export type Colour = keyof typeof CODES

/** Of what is written to a file or a pipe. */
const PLAIN_COLUMNS = 96

/** Lines longer than this are hard to read, shorter than that have no room for a word. */
const WIDEST = 110
const NARROWEST = 50

/** https://no-color.org: any value but an empty one switches colours off. */
export function styleFor(
  screen: { columns: number } | undefined,
  env: Record<string, string | undefined>
): Style {
  if (screen === undefined) return { columns: PLAIN_COLUMNS, colour: false }
  const columns = Math.min(WIDEST, Math.max(NARROWEST, screen.columns))
  const isWanted = (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
  return { columns, colour: isWanted }
}

/** The text must be harmless already. */
export function paint(text: string, colour: Colour, style: Style): string {
  return style.colour ? `\u001B[${CODES[colour]}m${text}\u001B[0m` : text
}

// Rows of text in columns, each made harmless. (pure)
import { harmless } from '../../shared/harmless.ts'

/** As many columns as the first row has. */
export function aligned(rows: readonly string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => widthOf(row[column] ?? '')))
  )
  return rows.map((row) =>
    harmless(
      row
        .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - widthOf(cell)))
        .join('  ')
        .trimEnd()
    )
  )
}

/** In characters as people count them; those of East Asia are two columns wide, which only shifts their row. */
const widthOf = (cell: string): number => [...new Intl.Segmenter().segment(cell)].length

// The pairs of the matrix as a picture that reads on light and on dark pages: a row for the kind of who comes into the
// room, a column for the kind of who is there. SVG without scripts or foreign fonts. (pure)

import { KIND_TITLES, KINDS } from '../kinds.ts'
import type { NatKind } from '../nat.ts'
import { conditionsLine } from './conditions.ts'
import type { CellRecord, Conditions } from './record.ts'
import type { Run } from './run.ts'
import { percent, tallyOf, type Tally } from './tally.ts'

const CELL = { width: 74, height: 44 }
const LEFT = 146
const TOP = 96
const LEGEND_HEIGHT = 54

/** White reads on each of them (4.9:1 and more); without colours the numbers say it. */
const SHADES = [
  { least: 1, colour: '#0f766e', words: 'all direct' },
  { least: 0.95, colour: '#4d7c0f', words: '95 % and more' },
  { least: 0.5, colour: '#a16207', words: '50 % and more' },
  { least: Number.MIN_VALUE, colour: '#c2410c', words: 'less' },
  { least: 0, colour: '#57606a', words: 'always relayed' }
]

const STYLE = `text { font: 12px ui-sans-serif, system-ui, sans-serif; fill: #1f2328 }
  .title { font-size: 15px; font-weight: 600 }
  .cell text { fill: #fff; text-anchor: middle }
  .share { font-size: 13px; font-weight: 600 }
  .column { text-anchor: middle }
  .row { text-anchor: end }
  .page { fill: #fff }
  .none { fill: none; stroke: #8c959f; stroke-dasharray: 3 3 }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .page { fill: #0d1117 } }`

/** Kinds of which no pair was run are left out. */
export function heatMap(cells: readonly CellRecord[], conditions: Conditions): string {
  const pairs = cells.filter(({ runs }) => runs.length > 0)
  const kinds = KINDS.filter((kind) => pairs.some((pair) => pair.kinds?.includes(kind)))
  const width = Math.max(LEFT + kinds.length * CELL.width + 8, 640)
  const height = TOP + kinds.length * CELL.height + LEGEND_HEIGHT
  const squares = kinds.flatMap((newcomer, row) =>
    kinds.map((there, column) =>
      square(tallyOf(runsOf(pairs, newcomer, there)), [newcomer, there], {
        x: LEFT + column * CELL.width,
        y: TOP + row * CELL.height
      })
    )
  )
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title">`,
    `<style>${STYLE}</style>`,
    // Of its own: the page may be light where the system is dark.
    `<rect class="page" width="${width}" height="${height}" rx="6"/>`,
    text({ x: 8, y: 22, words: 'Which pairs become direct', class: 'title', id: 'title' }),
    text({
      x: 8,
      y: 42,
      words: `${runsEach(pairs)} runs of each pair, ${conditionsLine(conditions)}`
    }),
    ...kinds.flatMap((kind, n) => labels(kind, n)),
    ...squares,
    ...legend(TOP + kinds.length * CELL.height + 22),
    '</svg>'
  ]
  return `${lines.join('\n')}\n`
}

/** What stays relayed is run less often. */
function runsEach(cells: readonly CellRecord[]): number {
  return Math.max(0, ...cells.map(({ runs }) => runs.length))
}

/** Of two equal kinds it does not matter who came. */
function runsOf(cells: readonly CellRecord[], newcomer: NatKind, there: NatKind): Run[] {
  return cells.flatMap(({ kinds, runs }) => {
    if (kinds === undefined) return []
    const [a, b] = kinds
    const asA = a === newcomer && b === there
    const asB = b === newcomer && a === there
    return runs.filter(
      (run) => (asA && (asB || run.newcomer === 'a')) || (asB && run.newcomer === 'b')
    )
  })
}

interface Place {
  x: number
  y: number
}

function square(tally: Tally, [newcomer, there]: [NatKind, NatKind], { x, y }: Place): string {
  const box = `x="${x + 1}" y="${y + 1}" width="${CELL.width - 2}" height="${CELL.height - 2}" rx="4"`
  if (tally.runs === 0) return `<rect class="none" ${box}/>`
  const { direct, runs, reach } = tally
  const shade = SHADES.find(({ least }) => direct / runs >= least)
  const middle = x + CELL.width / 2
  const below = reach === undefined ? `of ${runs}` : `${(reach.p50 / 1_000).toFixed(2)} s`
  return [
    `<g class="cell">`,
    `<title>${escaped(`${KIND_TITLES[newcomer]} comes, ${KIND_TITLES[there]} is there: ${direct} of ${runs} direct`)}</title>`,
    `<rect ${box} fill="${shade?.colour}"/>`,
    text({ x: middle, y: y + 19, words: percent(direct, runs), class: 'share' }),
    text({ x: middle, y: y + 35, words: below }),
    '</g>'
  ].join('')
}

/** The same kind beside its row and, a word a line, above its column. */
function labels(kind: NatKind, n: number): string[] {
  const title = KIND_TITLES[kind]
  const words = title.split(' ')
  const x = LEFT + (n + 0.5) * CELL.width
  const y = TOP + (n + 0.5) * CELL.height + 4
  return [
    text({ x: LEFT - 8, y, words: title, class: 'row' }),
    ...words.map((word, line) =>
      text({ x, y: TOP - 8 - 14 * (words.length - 1 - line), words: word, class: 'column' })
    )
  ]
}

function legend(y: number): string[] {
  const shades = SHADES.map(({ colour, words }, n) => {
    const x = 8 + n * 124
    const box = `<rect x="${x}" y="${y - 10}" width="12" height="12" rx="2" fill="${colour}"/>`
    return box + text({ x: x + 18, y, words })
  })
  const reading =
    'Rows: who comes. Columns: who is there. Below the share: median from knowing each other to direct.'
  return [...shades, text({ x: 8, y: y + 22, words: reading })]
}

interface Text extends Place {
  words: string
  class?: string
  id?: string
}

function text({ words, ...attributes }: Text): string {
  const all = Object.entries(attributes).map(([name, value]) => ` ${name}="${value}"`)
  return `<text${all.join('')}>${escaped(words)}</text>`
}

function escaped(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}

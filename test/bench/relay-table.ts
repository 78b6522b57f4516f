// The figures of some relays as Markdown: medians with their range, and what ours are to the others'. (pure)
import { median } from '../lab/stories/measures.ts'
import type { Figures } from './relay-steps.ts'

/** By relay, ours first: the figures of each round. */
export type Measured = Map<string, Figures[]>

export function stepTable(title: string, measured: Measured): string {
  const [[ours, first] = ['', []]] = measured
  const columns = Object.keys(first[0] ?? {})
  const lines = [
    `| ${[title, ...columns].join(' | ')} |`,
    `|${' --- |'.repeat(columns.length + 1)}`
  ]
  for (const [name, rounds] of measured) {
    lines.push(`| ${[name, ...columns.map((column) => spread(rounds, column))].join(' | ')} |`)
  }
  for (const [name, rounds] of measured) {
    if (name === ours) continue
    const ratios = columns.map((column) => {
      return `${(middle(first, column) / middle(rounds, column)).toFixed(2)} ×`
    })
    lines.push(`| ${ours} ÷ ${name} | ${ratios.join(' | ')} |`)
  }
  return `${lines.join('\n')}\n`
}

function middle(rounds: readonly Figures[], column: string): number {
  return median(rounds.map((figures) => figures[column] ?? NaN)) ?? NaN
}

function spread(rounds: readonly Figures[], column: string): string {
  const values = rounds.map((figures) => figures[column] ?? NaN)
  const text = digits(middle(rounds, column))
  if (values.length === 1) return text
  return `${text} (${digits(Math.min(...values))}–${digits(Math.max(...values))})`
}

function digits(value: number): string {
  return Number(value.toPrecision(3)).toString()
}

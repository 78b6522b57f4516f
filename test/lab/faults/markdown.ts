// The table of faults in Markdown. (pure)

import { together, type Tally } from './tally.ts'

export interface Performed {
  title: string
  /** One for each run in which they met. */
  tallies: readonly Tally[]
  /** Runs in which something that was promised did not happen. */
  failed: number
}

const HEAD = [
  '| 50 messages/s each way, while … | sent | shown | lost | doubled | out of order | longest gap |',
  '| --- | ---: | ---: | ---: | ---: | ---: | ---: |'
]

/** Several runs of a scenario are added up; the gap is the longest of them. Rows without a run are left out. */
export function faultTable(rows: readonly Performed[]): string {
  return [...HEAD, ...rows.filter(wasRun).map(line)].join('\n')
}

const wasRun = ({ tallies, failed }: Performed): boolean => tallies.length + failed > 0

function line({ title, tallies, failed }: Performed): string {
  const { sent, shown, lost, doubled, disordered, longestGapMs } = together(tallies)
  const mark = failed === 0 ? '' : ` (**${failed} failed**)`
  const gap = tallies.length === 0 ? '–' : `${longestGapMs} ms`
  return `| ${[title + mark, sent, shown, lost, doubled, disordered, gap].join(' | ')} |`
}

// The options of the matrix, checked. (pure)

import { parseArgs } from 'node:util'
import { ROUNDS } from '../../../peer/traversal/plan.ts'
import { isKind, KINDS } from '../kinds.ts'
import type { NatKind } from '../nat.ts'

export interface MatrixOptions {
  kinds: readonly NatKind[]
  /** Names of cells; empty for all of the kinds. */
  only: readonly string[]
  runs: number
  /** After so many failed ones a pair stays relayed. */
  rounds: number
  delaysMs: { relay: number; a: number; b: number }
  lossPercent: number
  atOnce: number
  /** Files. */
  markdown?: string
  json?: string
  svg?: string
  /** Goes on from the runs that the file of --json has. */
  resume: boolean
}

/** 40 ms round trip between a site and the relay, 60 ms between the sites. */
const DELAYS_MS = '5/15/15'

export const USAGE = `npm run lab:matrix -- [options]: every pair of kinds of NAT, again and again
  --kinds a,b       pairs of these only: ${KINDS.join(', ')}
  --only a×b,c      these cells only (x does for ×); some are no pairs: one-nat, container
  --runs N          of each cell (default 20)
  --rounds N        of a punch; a pair that is not direct then stays relayed (default ${ROUNDS})
  --delays R/A/B    one way in ms, of the relay's link and of the two sites' (default ${DELAYS_MS})
  --skew 1:N        the two sites' delays, with their sum kept, in this ratio
  --loss P          percent of the packets, at each site's uplink in each direction (default 0)
  --at-once N       cells under way at the same time (default 3)
  --markdown FILE   writes the table between its two marks in FILE
  --json FILE       writes every run; with --resume goes on from there
  --svg FILE        writes the heat map`

/** Throws an Error with a sentence for the first value that cannot be right. */
export function matrixOptions(args: string[]): MatrixOptions {
  const { values } = parseArgs({
    args,
    options: {
      kinds: { type: 'string' },
      only: { type: 'string' },
      runs: { type: 'string', default: '20' },
      rounds: { type: 'string', default: String(ROUNDS) },
      delays: { type: 'string', default: DELAYS_MS },
      skew: { type: 'string' },
      loss: { type: 'string', default: '0' },
      'at-once': { type: 'string', default: '3' },
      markdown: { type: 'string' },
      json: { type: 'string' },
      svg: { type: 'string' },
      resume: { type: 'boolean', default: false }
    }
  })
  const { markdown, json, svg, resume } = values
  if (resume && json === undefined) throw new Error('--resume needs the --json FILE to go on from')
  return {
    kinds: values.kinds?.split(',').map(kindOf) ?? KINDS,
    only: values.only?.split(',') ?? [],
    runs: atLeastOne('--runs', values.runs),
    rounds: atLeastOne('--rounds', values.rounds),
    delaysMs: skewed(delays(values.delays), values.skew),
    lossPercent: percentage('--loss', values.loss),
    atOnce: atLeastOne('--at-once', values['at-once']),
    ...(markdown === undefined ? {} : { markdown }),
    ...(json === undefined ? {} : { json }),
    ...(svg === undefined ? {} : { svg }),
    resume
  }
}

function kindOf(text: string): NatKind {
  if (isKind(text)) return text
  throw new Error(`no kind ${text}: there are ${KINDS.join(', ')}`)
}

function delays(text: string): MatrixOptions['delaysMs'] {
  const [relay, a, b, ...more] = text.split('/').map(Number)
  if (isDelay(relay) && isDelay(a) && isDelay(b) && more.length === 0) return { relay, a, b }
  throw new Error(`--delays is ${text}: give three numbers of milliseconds, like ${DELAYS_MS}`)
}

function isDelay(ms: number | undefined): ms is number {
  return ms !== undefined && ms >= 0
}

function skewed(
  { relay, a, b }: MatrixOptions['delaysMs'],
  ratio: string | undefined
): MatrixOptions['delaysMs'] {
  if (ratio === undefined) return { relay, a, b }
  const [one = NaN, other = NaN] = ratio.split(':').map(Number)
  if (!(one > 0 && other > 0)) throw new Error(`--skew is ${ratio}: give a ratio, like 1:10`)
  const unit = (a + b) / (one + other)
  return { relay, a: one * unit, b: other * unit }
}

function percentage(option: string, text: string): number {
  const number = Number(text)
  if (number >= 0 && number < 100) return number
  throw new Error(`${option} is ${text}: give a percentage`)
}

function atLeastOne(option: string, text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= 1) return number
  throw new Error(`${option} is ${text}: give a number of at least 1`)
}

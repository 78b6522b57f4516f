// What the doctor found, as a person reads it: a line for each check, a table, a list of what to change. (pure)
import { wrap } from '../../shared/help.ts'
import { harmless } from '../../shared/harmless.ts'
import type { Chance, Side } from '../doctor/can-punch.ts'
import type { Diagnosis } from '../doctor/diagnosis.ts'
import type { Checked, CheckName, Verdict } from '../doctor/finding.ts'
import { paint, type Colour, type Style } from '../terminal/paint.ts'

const TITLES: Record<CheckName, string> = {
  node: 'Node',
  state: 'state folder',
  'port-reuse': 'port reuse',
  network: 'network',
  relay: 'relay',
  reservation: 'reservation',
  clock: 'clock',
  'large-packets': 'large packets',
  nat: 'NAT',
  ipv6: 'IPv6',
  'port-mapping': 'port mapping'
}

export const titleOf = (name: CheckName): string => TITLES[name]

const MARKS: Record<Verdict, [mark: string, colour: Colour]> = {
  ok: ['ok', 'green'],
  warn: ['warn', 'yellow'],
  fail: ['FAIL', 'red'],
  skipped: ['-', 'grey']
}

const MARK_CHARS = 6
const TITLE_CHARS = 15

/** Several rows when the sentence is longer than the screen is wide. */
export function checkLine({ name, verdict, sentence }: Checked, style: Style): string {
  const [mark, colour] = MARKS[verdict]
  const indent = 2 + MARK_CHARS + TITLE_CHARS
  const text = wrap(harmless(sentence), indent, style.columns)
  const shown = verdict === 'skipped' ? paint(text, 'grey', style) : text
  return `  ${paint(mark.padEnd(MARK_CHARS), colour, style)}${TITLES[name].padEnd(TITLE_CHARS)}${shown}`
}

const OTHERS: Record<Side, string> = {
  open: 'with a public address or a forwarded port',
  cone: 'behind most home routers (one port for all)',
  sequential: 'behind a NAT that counts its ports up',
  random: 'behind a NAT with random ports'
}

const CHANCES: Record<Chance, Colour> = {
  yes: 'green',
  likely: 'green',
  no: 'red',
  unknown: 'grey'
}

const CHANCE_CHARS = 9

export function diagnosisLines({ sentence, direct, changes }: Diagnosis, style: Style): string[] {
  const rows = direct.map(({ other, chance, sentence: why }) => {
    const text = wrap(`${OTHERS[other]}: ${why}`, 2 + CHANCE_CHARS, style.columns)
    return `  ${paint(chance.padEnd(CHANCE_CHARS), CHANCES[chance], style)}${text}`
  })
  const list = changes.map(({ text }, n) => `  ${n + 1}. ${wrap(text, 5, style.columns)}`)
  return [
    '',
    paint('Direct with a peer …', 'bold', style),
    ...rows,
    ...(list.length === 0
      ? []
      : ['', paint('What to change, in order of effect', 'bold', style), ...list]),
    '',
    paint(sentence, 'bold', style)
  ]
}

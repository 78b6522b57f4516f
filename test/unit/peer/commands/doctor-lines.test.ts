// What a person reads of the doctor's findings, on screens of any width.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkLine, diagnosisLines } from '../../../../peer/commands/doctor-lines.ts'
import { outlooks } from '../../../../peer/doctor/can-punch.ts'
import { diagnose } from '../../../../peer/doctor/diagnosis.ts'
import type { Checked } from '../../../../peer/doctor/finding.ts'
import { UNKNOWN_NAT } from '../../../../peer/nat/nat-kind.ts'
import { styleFor } from '../../../../peer/terminal/paint.ts'

const ESCAPE = '\u001B'
const PLAIN = styleFor(undefined, {})
const NARROW = styleFor({ columns: 60 }, { NO_COLOR: '1' })
const COLOURED = styleFor({ columns: 80 }, {})

const checked = (more: Partial<Checked>): Checked => ({
  name: 'large-packets',
  verdict: 'ok',
  sentence: 'they come back',
  evidence: {},
  ms: 1,
  ...more
})
const remedies = [{ text: 'Set the clock. '.repeat(9).trim(), effect: 'to last' as const }]
const DIAGNOSIS = diagnose(
  [checked({ verdict: 'warn', remedies })],
  outlooks({ nat: UNKNOWN_NAT, forwarded: false, portReuse: true, sockets: 4_096 })
)

describe('a line of the doctor', () => {
  it('has a verdict, what it is about, and a sentence', () => {
    assert.equal(checkLine(checked({}), PLAIN), '  ok    large packets  they come back')
    assert.equal(
      checkLine(checked({ name: 'nat', verdict: 'fail' }), PLAIN),
      '  FAIL  NAT            they come back'
    )
  })

  it('keeps to the width of the screen, and to its own column', () => {
    const sentence = 'so it goes '.repeat(20).trim()
    const rows = checkLine(checked({ sentence }), NARROW).split('\n')
    assert.ok(rows.length > 3)
    assert.ok(rows.every((row) => row.length <= 60))
    assert.ok(rows.slice(1).every((row) => /^ {23}\S/.test(row)))
  })

  it('has colours on a screen, and none for NO_COLOR, dumb terminals and pipes', () => {
    assert.ok(checkLine(checked({}), COLOURED).startsWith(`  ${ESCAPE}[32mok    ${ESCAPE}[0mlarge`))
    const styles = [PLAIN, NARROW, styleFor({ columns: 80 }, { TERM: 'dumb' })]
    for (const style of styles) assert.ok(!checkLine(checked({}), style).includes(ESCAPE))
    assert.equal(styleFor({ columns: 80 }, { NO_COLOR: '' }).colour, true)
  })

  it('shows nothing that a remote wrote as a command to the terminal', () => {
    const line = checkLine(checked({ sentence: 'refuses (\u001B[2J\n gone)' }), PLAIN)
    assert.ok(!line.includes(ESCAPE) && !line.includes('\n'))
  })
})

describe('the diagnosis', () => {
  it('is a table, a list, and a sentence', () => {
    const lines = diagnosisLines(DIAGNOSIS, PLAIN)
    assert.equal(lines[1], 'Direct with a peer …')
    assert.match(lines[2] ?? '', /^ {2}yes {6}with a public address or a forwarded port: /)
    assert.match(lines[3] ?? '', /^ {2}unknown {2}behind most home routers/)
    assert.match(lines.join('\n'), /in order of effect\n {2}1\. Set the clock\./)
    assert.match(lines.at(-1) ?? '', /cannot be told\.$/)
  })

  it('keeps to the width of the screen', () => {
    const rows = diagnosisLines(DIAGNOSIS, NARROW).join('\n').split('\n')
    assert.ok(rows.every((row) => row.length <= 60))
  })
})

// What `parley doctor --json` has told, read and sorted.
import assert from 'node:assert/strict'
import type { Diagnosis } from '../../peer/doctor/diagnosis.ts'
import type { DoctorEvent } from '../../peer/doctor/events.ts'
import type { Checked, CheckName, Verdict } from '../../peer/doctor/finding.ts'

export class DoctorTold {
  readonly checks: Checked[]
  readonly diagnosis: Diagnosis

  /** Fails unless there is a check on each line and the diagnosis on the last one. */
  constructor(stdout: string) {
    const events = stdout
      .trim()
      .split('\n')
      .map((line): DoctorEvent => JSON.parse(line))
    const last = events.pop()
    assert.ok(last?.event === 'diagnosis', stdout)
    this.diagnosis = last
    this.checks = events.map((event) => {
      assert.ok(event.event === 'check', stdout)
      return event
    })
    for (const { at } of [...events, last]) assert.match(at, /^\d{4}-\d\d-\d\dT.*\d{3}Z$/)
  }

  /** The first of that name. */
  check(name: CheckName): Checked {
    return this.checks.find((each) => each.name === name) ?? assert.fail(`no check ${name}`)
  }

  verdicts(...names: CheckName[]): Verdict[] {
    return names.map((name) => this.check(name).verdict)
  }

  /** By kind of the other side. */
  get chances(): Record<string, string> {
    return Object.fromEntries(this.diagnosis.direct.map(({ other, chance }) => [other, chance]))
  }
}

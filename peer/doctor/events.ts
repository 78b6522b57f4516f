// What `parley doctor --json` prints: objects, one a line. Fields may be added, never renamed.
import type { Diagnosis } from './diagnosis.ts'
import type { Checked } from './finding.ts'

export type DoctorEvent = { at: string } & (
  | ({ event: 'check' } & Checked)
  /** The last. */
  | ({ event: 'diagnosis' } & Diagnosis)
)

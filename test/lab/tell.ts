// What a program of the lab tells the test that has started it: one JSON object a line, as Parley's own do.

export function tell(event: { event: string; [field: string]: unknown }): void {
  process.stdout.write(`${JSON.stringify({ ...event, at: new Date().toISOString() })}\n`)
}

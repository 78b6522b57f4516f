// One clock for the processes of a benchmark: the system's monotonic one, which all processes of a machine share.

export function sharedClockMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

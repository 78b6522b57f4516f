// Times and sizes as a person reads them. (pure)

const UNITS: Array<[name: string, ms: number]> = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000]
]

/** `90 s`, `30 min`, `5 h`: the largest unit of which there are two. */
export function duration(ms: number): string {
  const [name, unitMs] = UNITS.find(([, each]) => ms >= 2 * each) ?? ['s', 1000]
  return `${Math.max(0, Math.round(ms / unitMs))} ${name}`
}

/** `64 KiB`, `1.5 MiB`. */
export function size(bytes: number): string {
  const [name, unit] =
    bytes >= 2 ** 30
      ? ['GiB', 2 ** 30]
      : bytes >= 2 ** 20
        ? ['MiB', 2 ** 20]
        : (['KiB', 1024] as const)
  return `${Math.round((10 * bytes) / unit) / 10} ${name}`
}

// IPv6 addresses as their eight groups, however they are written. (pure)

/** Eight numbers; an IPv4 tail counts for two. Text that is no IPv6 address gives some other count. */
export function ip6Groups(host: string): number[] {
  const [head = '', tail] = withHexTail(host).split('::')
  const before = groups(head)
  const after = groups(tail ?? '')
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length)
  return [...before, ...Array.from({ length: zeros }, () => 0), ...after]
}

/** `2001:db8:1:2::/64`, however the address is written: whoever has one address of it has all of them, as a rule. */
export function ip6Network(host: string): string {
  const network = ip6Groups(host).slice(0, 4)
  return `${network.map((group) => group.toString(16)).join(':')}::/64`
}

function groups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))
}

/** `::ffff:10.0.0.1` → `::ffff:a00:1`. */
function withHexTail(host: string): string {
  const match = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(host)
  if (match === null) return host
  const [, front = '', ...bytes] = match
  const [a = 0, b = 0, c = 0, d = 0] = bytes.map(Number)
  return `${front}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
}

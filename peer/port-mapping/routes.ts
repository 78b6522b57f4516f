// Routers from Linux's routing table, or guessed from the addresses of interfaces. (pure)

const GATEWAY_FLAG = 2

/** Gateways of the default routes in /proc/net/route, the lowest metric first, each once. */
export function parseRoutes(table: string): string[] {
  const routes = table.split('\n').flatMap((line) => {
    const [, destination, gateway = '', flags = '', , , metric, mask] = line.trim().split(/\s+/)
    const isDefault = destination === '00000000' && mask === '00000000'
    const hasGateway = (Number.parseInt(flags, 16) & GATEWAY_FLAG) !== 0
    if (!isDefault || !hasGateway || !/^[0-9A-F]{8}$/i.test(gateway)) return []
    return [{ host: fromLittleEndian(gateway), metric: Number(metric) }]
  })
  const sorted = routes.toSorted((a, b) => a.metric - b.metric)
  return [...new Set(sorted.map(({ host }) => host))]
}

/** The first address of each network, without those that are our own. */
export function firstHosts(
  interfaces: ReadonlyArray<{ address: string; netmask: string }>
): string[] {
  const own = new Set(interfaces.map(({ address }) => address))
  const first = interfaces.map(({ address, netmask }) => {
    const mask = bytesOf(netmask)
    const network = bytesOf(address).map((byte, at) => byte & (mask[at] ?? 0))
    return [...network.slice(0, 3), (network[3] ?? 0) + 1].join('.')
  })
  return [...new Set(first)].filter((host) => !own.has(host))
}

const bytesOf = (host: string): number[] => host.split('.').map(Number)

/** The kernel prints the four bytes as one number of a little-endian machine. */
const fromLittleEndian = (hex: string): string =>
  [6, 4, 2, 0].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)).join('.')

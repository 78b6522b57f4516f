// Where packets to the Internet go first: the routers that may forward ports to us.
import { readFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { firstHosts, parseRoutes } from './routes.ts'

/** A machine with a VPN beside its Wi-Fi has two or three; whoever has more is no home. */
const MAX_ROUTERS = 4

/**
 * IPv4 addresses, the preferred one first. Only Linux tells without running another program; elsewhere it is the
 * first address of each private network, which a home's router has as a rule.
 */
export async function defaultRouters(): Promise<string[]> {
  const table = await readFile('/proc/net/route', 'utf8').catch(() => undefined)
  const routers = table === undefined ? firstHosts(lanInterfaces()) : parseRoutes(table)
  return routers.slice(0, MAX_ROUTERS)
}

export interface LanInterface {
  address: string
  netmask: string
}

/** Those IPv4 interfaces behind which a NAT may be. */
export function lanInterfaces(): LanInterface[] {
  return Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .filter(({ address }) => !address.startsWith('169.254.'))
}

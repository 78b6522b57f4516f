// Where an address with a DNS name leads.
import { lookup } from 'node:dns/promises'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { tcpEndpoint } from '../shared/addresses.ts'

/** The IP addresses of a host name; rejects when it has none. */
export type ResolveName = (host: string) => Promise<string[]>

/** The same TCP port at all that the name stands for; an IP address as it is; none for what is no TCP address. */
export async function addressesOfName(
  address: Multiaddr,
  resolve: ResolveName = resolveName
): Promise<Multiaddr[]> {
  const endpoint = tcpEndpoint(address)
  if (endpoint === undefined) return []
  if (!endpoint.named) return [address]
  const hosts = await resolve(endpoint.host)
  return hosts
    .map((host) => ({ host, family: host.includes(':') ? 6 : 4 }))
    .filter(({ family }) => endpoint.family === 0 || endpoint.family === family)
    .map(({ host, family }) => multiaddr(`/ip${family}/${host}/tcp/${endpoint.port}`))
}

async function resolveName(host: string): Promise<string[]> {
  const found = await lookup(host, { all: true })
  return found.map(({ address }) => address)
}

// What cannot be right about the addresses that a relay is to be reached at, and what to do: whole sentences. Nothing is asked here.
import type { Multiaddr } from '@multiformats/multiaddr'
import { tcpEndpoint, type TcpEndpoint } from '../../shared/addresses.ts'
import { hostKind, type HostKind } from './host-kind.ts'

/** The rest of a sentence that begins with the address. */
const PROBLEMS: Record<Exclude<HostKind, 'public'>, string> = {
  private:
    'cannot be reached from outside its private network: announce the public address or the name of this host, unless all peers are in there',
  provider:
    "cannot be reached from outside its provider's network or overlay: ask the provider for a public address, unless all peers are in there",
  loopback: 'leads every peer to its own machine: announce the address of this host',
  'link-local': 'works on one cable only, and is not told to anybody: announce another one',
  unspecified:
    'is an address to listen on, where nobody can be reached: announce the one of this host',
  documentation: "is an example from a manual: announce this host's own address",
  nobody: 'is an address that no host can have: announce the one of this host'
}

/** Where this relay listens; a wildcard stands for every interface. */
type Listening = readonly Multiaddr[]

/** Of an IP address; of a name nothing is known before it is resolved. */
export function addressProblem(announced: Multiaddr, listening: Listening): string | undefined {
  const endpoint = tcpEndpoint(announced)
  if (endpoint === undefined || endpoint.named) return undefined
  const what = `the announced address ${announced.toString()}`
  const kind = hostKind(endpoint.host)
  if (kind !== 'public') return `${what} ${PROBLEMS[kind]}`
  const problem = portProblem(endpoint, listening) ?? familyProblem(endpoint, listening)
  return problem && `${what} ${problem}`
}

/** `hosts`: the IP addresses that it stands for. */
export function nameProblem(
  announced: Multiaddr,
  hosts: readonly string[],
  listening: Listening
): string | undefined {
  const endpoint = tcpEndpoint(announced)
  if (endpoint === undefined) return undefined
  for (const host of hosts) {
    const family = host.includes(':') ? 6 : 4
    const kind = hostKind(host)
    const problem =
      kind === 'public' ? familyProblem({ ...endpoint, family }, listening) : PROBLEMS[kind]
    if (problem !== undefined) {
      return `the announced name ${endpoint.host} leads to ${host}, which ${problem}`
    }
  }
  return undefined
}

/** Of an address of this very machine: who announces another one knows of a forward. */
function portProblem({ host, port }: TcpEndpoint, listening: Listening): string | undefined {
  const here = listening.map(tcpEndpoint).filter((own) => own?.host === host)
  if (here.length === 0 || here.some((own) => own?.port === port)) return undefined
  return `has port ${port}, but on this machine's ${host} the relay listens on port ${here[0]?.port}: announce that one, unless something forwards ${port} to it`
}

function familyProblem({ family }: TcpEndpoint, listening: Listening): string | undefined {
  if (family === 0 || listening.some((own) => tcpEndpoint(own)?.family === family)) return undefined
  return `is IPv${family}, and the relay listens on no such address: add one with --listen, unless something forwards it`
}

/** Of a relay that announces nothing and listens on every interface there is. */
export function nowherePublic(listening: Listening): string | undefined {
  const endpoints = listening.map(tcpEndpoint)
  const kinds = endpoints.map((own) => own && hostKind(own.host))
  if (kinds.includes('public')) return undefined
  const port = endpoints[0]?.port ?? 'PORT'
  return `no address of this machine is public, so peers elsewhere can reach the relay through a port forward only: name its outside with --announce /ip4/ADDRESS/tcp/${port} or /dns4/NAME/tcp/${port}`
}

/** Why a dial to an announced address has failed, by all that was thrown; undefined: it says nothing about the address. */
export function dialProblem(announced: Multiaddr, text: string): string | undefined {
  const endpoint = tcpEndpoint(announced)
  const found = DIALS.find(([matches]) => matches.test(text))
  if (endpoint === undefined || found === undefined) return undefined
  return `the announced address ${announced.toString()} ${found[1](endpoint)}`
}

const DIALS: Array<[RegExp, (endpoint: TcpEndpoint) => string]> = [
  [
    /identity key|UnexpectedPeer|does not match expected/i,
    () => 'leads to another relay, with another key: look where the name or the port forward leads'
  ],
  [
    /ECONNREFUSED|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|Timeout|timed out|aborted/i,
    ({ host, port }) =>
      `cannot be reached from this machine itself; many routers do not let it out and in again, so try from elsewhere: nc -zv ${host} ${port}`
  ],
  [
    /ECONNRESET|EncryptionFailed|StreamReset|UnexpectedEOF|unexpected end|closed/i,
    ({ port }) =>
      `is answered by something that is not this relay: look where port ${port} is forwarded to`
  ]
]

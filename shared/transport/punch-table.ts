// Which addresses are being punched now, and which role that gives a socket from there. (pure)
import type { Multiaddr } from '@multiformats/multiaddr'
import { tcpEndpoint, type TcpEndpoint } from '../addresses.ts'

/** Who speaks first in multistream-select, Noise and yamux on the punched connection. */
export type PunchRole = 'client' | 'server'

/** `certain`: the very address; `likely`: its host from another port, as a symmetric NAT would send. */
export interface PunchMatch {
  role: PunchRole
  confidence: 'certain' | 'likely'
}

interface ActivePunch {
  endpoints: TcpEndpoint[]
  role: PunchRole
}

/** Both the traversal code, which adds to it, and the transport, which asks it, hold one of these. */
export class PunchTable {
  readonly #active = new Set<ActivePunch>()

  /** From now until the returned function is called, sockets from these addresses have the punch's role. */
  add(addresses: readonly Multiaddr[], role: PunchRole): () => void {
    const endpoints = addresses.map(tcpEndpoint).filter((endpoint) => endpoint !== undefined)
    const punch = { endpoints, role }
    this.#active.add(punch)
    return () => void this.#active.delete(punch)
  }

  /** The role for a socket that came in from `remote`, when that is where a punch is going on. */
  match(remote: Multiaddr): PunchMatch | undefined {
    const from = tcpEndpoint(remote)
    if (from === undefined) return undefined
    let likely: PunchMatch | undefined
    for (const { endpoints, role } of this.#active) {
      for (const { host, port } of endpoints) {
        if (host === from.host && port === from.port) return { role, confidence: 'certain' }
        if (host === from.host) likely ??= { role, confidence: 'likely' }
      }
    }
    return likely
  }
}

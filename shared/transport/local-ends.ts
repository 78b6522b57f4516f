// From which local end a dial leaves when it shares the port that we listen on: what NATs have mapped for that port
// serves only dials from this end.
import net from 'node:net'
import type { TcpEndpoint } from '../addresses.ts'

export interface LocalEnd {
  /** As the listener is bound: to one address of this machine, or to all of a family. */
  host: string
  port: number
}

/** Undefined: it leaves from a port that the system chooses. */
export type FindLocalEnd = (targetHost: string) => LocalEnd | undefined

export class LocalEnds {
  readonly #listening: TcpEndpoint[] = []

  add(listening: TcpEndpoint): void {
    this.#listening.push(listening)
  }

  /** `targetHost`: an IP address; nothing leads to a name. */
  readonly towards: FindLocalEnd = (targetHost) => {
    const family = net.isIP(targetHost)
    const end = this.#listening.find(
      (each) => each.family === family && reaches(each.host, targetHost)
    )
    return end && { host: end.host, port: end.port }
  }
}

/** A socket bound to loopback reaches loopback only, and a socket bound to another address never does. */
function reaches(localHost: string, targetHost: string): boolean {
  if (localHost === '0.0.0.0' || localHost === '::') return true
  return isLoopbackHost(localHost) === isLoopbackHost(targetHost)
}

function isLoopbackHost(host: string): boolean {
  return host.startsWith('127.') || host === '::1'
}

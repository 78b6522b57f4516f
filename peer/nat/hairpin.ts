// Whether we reach ourselves at our own public address, as two peers behind one NAT would have to.
import net from 'node:net'
import { proposal } from '../../shared/transport/multistream-answer.ts'
import { isPublic, type Endpoint, type NatKind } from './nat-kind.ts'

/** Through a router and back; a NAT that drops says nothing. */
const TIMEOUT_MS = 1_500

/** What every libp2p listener says once it hears the same; somebody else's forwarded port says something else. */
const GREETING = Buffer.from(proposal('/noise')).subarray(0, 20)

/** NATs map to none of the ports below, where services listen. */
const LEAST_MAPPED_PORT = 1_024

export type HairpinOutcome = 'reached' | 'refused' | 'silent'

/**
 * Our one mapped address for all, when there is one. The relays' word is all there is to it: it is public, and no port
 * of the system's own.
 */
export function hairpinTarget({ mapping, seen }: NatKind): Endpoint | undefined {
  // Where we listen, and not where a question from another port was seen.
  const address = seen.findLast(({ freshPort }) => freshPort === undefined)?.address
  if (mapping !== 'endpoint-independent' || address === undefined) return undefined
  return isPublic(address) && address.port >= LEAST_MAPPED_PORT ? address : undefined
}

/** What was tried there shows also what becomes of a SYN that the NAT does not expect. */
export function withHairpin(kind: NatKind, outcome: HairpinOutcome): NatKind {
  return {
    ...kind,
    hairpin: outcome === 'reached',
    filtering: outcome === 'refused' ? 'rst' : 'unknown'
  }
}

/** One connection from a port that the system chooses to our listener, closed as soon as it has answered. */
export async function tryHairpin(own: Endpoint, signal: AbortSignal): Promise<HairpinOutcome> {
  const socket = net.connect(own)
  const { promise, resolve } = Promise.withResolvers<HairpinOutcome>()
  const silent = (): void => resolve('silent')
  const timer = setTimeout(silent, TIMEOUT_MS)
  signal.addEventListener('abort', silent, { once: true })
  socket.on('error', (error: NodeJS.ErrnoException) =>
    resolve(error.code === 'ECONNREFUSED' ? 'refused' : 'silent')
  )
  socket.once('connect', () => socket.write(GREETING))
  socket.once('data', (data) => resolve(isGreeting(data) ? 'reached' : 'silent'))
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', silent)
    socket.destroy()
  }
}

function isGreeting(data: Buffer): boolean {
  return Buffer.compare(data.subarray(0, GREETING.byteLength), GREETING) === 0
}

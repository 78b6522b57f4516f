// The address of a relay as a person types it: what it must contain, and what to say when it does not. (pure)
import type { PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { TCP } from '@multiformats/multiaddr-matcher'
import { UsageError } from './errors.ts'

export interface RelayAddress {
  address: Multiaddr
  /** Undefined: whoever answers at the address is the relay. */
  peerId: PeerId | undefined
}

const EXAMPLE =
  '/ip4/203.0.113.7/tcp/45678/p2p/12D3KooWEHUQf4tPKh6TeSX5WdAhMP5xmtLXQDAeWrfUW8TLKvvv'

const MAX_PORT = 65_535

/** Longer than any address that can be right; keeps the complaint about a wrong one readable. */
const MAX_QUOTED_CHARS = 120

/** Throws a UsageError, one sentence with an example, unless it is `/ip… or dns…/tcp/PORT`, with `/p2p/PEER-ID` or without. */
export function parseRelayAddress(text: string): RelayAddress {
  const wrong = (code: string, why: string, cause?: unknown): UsageError =>
    new UsageError(code, `the relay address "${shortened(text)}" ${why}, for example ${EXAMPLE}`, {
      cause
    })
  let address: Multiaddr
  try {
    address = multiaddr(text.trim())
  } catch (cause) {
    throw wrong('relay-address-malformed', whyMalformed(text), cause)
  }
  const components = address.getComponents()
  if (components.length === 0) throw wrong('relay-address-malformed', 'is empty')
  if (components.some(({ name }) => name === 'p2p-circuit')) {
    throw wrong(
      'relay-address-circuit',
      'goes through another relay (/p2p-circuit): give the address of the relay itself'
    )
  }
  const last = components.at(-1)
  const transport = last?.name === 'p2p' ? address.decapsulateCode(last.code) : address
  if (!TCP.exactMatch(transport)) {
    throw wrong('relay-address-transport', 'is not a TCP address: give one with /tcp/ and a port')
  }
  checkReachable(components, wrong)
  if (last?.name !== 'p2p' || last.value === undefined) return { address, peerId: undefined }
  try {
    return { address, peerId: peerIdFromString(last.value) }
  } catch (cause) {
    throw wrong(
      'relay-address-peer-id',
      'ends in /p2p/ with something that is not a peer id: copy the whole line that the relay printed',
      cause
    )
  }
}

function whyMalformed(text: string): string {
  const port = /\/tcp\/(\d+)/v.exec(text)?.[1]
  return port !== undefined && Number(port) > MAX_PORT
    ? `is malformed: ports go from 1 to ${MAX_PORT}`
    : 'is malformed: it has to be a multiaddr'
}

function checkReachable(
  components: Array<{ name: string; value?: string }>,
  wrong: (code: string, why: string) => UsageError
): void {
  const host = components[0]?.value
  if (host === '0.0.0.0' || host === '::') {
    throw wrong(
      'relay-address-unspecified',
      `has ${host}, on which a relay listens but where nobody can reach it: give the address of its host`
    )
  }
  if (components[1]?.value === '0') {
    throw wrong('relay-address-port', 'has port 0: give the port on which the relay listens')
  }
}

const shortened = (text: string): string =>
  text.length > MAX_QUOTED_CHARS ? `${text.slice(0, MAX_QUOTED_CHARS)}…` : text

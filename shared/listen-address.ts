// Addresses of one's own, as a person types them for --listen and --announce. (pure)
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { IP4, IP6, TCP } from '@multiformats/multiaddr-matcher'
import { UsageError } from './errors.ts'

const LISTEN_EXAMPLE = '/ip4/0.0.0.0/tcp/0'
const ANNOUNCE_EXAMPLE = '/ip4/203.0.113.7/tcp/45678'

/** `/ip4/…/tcp/PORT` or `/ip6/…/tcp/PORT`, port 0 allowed. `givenBy` names the option in the UsageError. */
export function parseListenAddress(text: string, givenBy: string): Multiaddr {
  const address = tcpAddress(text, givenBy, LISTEN_EXAMPLE)
  if (!IP4.matches(address) && !IP6.matches(address)) {
    throw wrong(text, givenBy, 'is not an address to listen on: use /ip4/ or /ip6/', LISTEN_EXAMPLE)
  }
  return address
}

/** Where others can reach this host: an address or a name, and a port other than 0. */
export function parseAnnounceAddress(text: string, givenBy: string): Multiaddr {
  const address = tcpAddress(text, givenBy, ANNOUNCE_EXAMPLE)
  const [host, port] = address.getComponents()
  if (host?.name === 'dnsaddr') {
    const why = 'stands for whole addresses, and not for a host: use /dns4/, /dns6/ or /dns/'
    throw wrong(text, givenBy, why, ANNOUNCE_EXAMPLE)
  }
  if (host?.value === '0.0.0.0' || host?.value === '::' || port?.value === '0') {
    throw wrong(
      text,
      givenBy,
      'cannot be dialled: announce the address and port that others see',
      ANNOUNCE_EXAMPLE
    )
  }
  return address
}

function tcpAddress(text: string, givenBy: string, example: string): Multiaddr {
  let address: Multiaddr
  try {
    address = multiaddr(text.trim())
  } catch (cause) {
    throw wrong(text, givenBy, 'is malformed: it has to be a multiaddr', example, cause)
  }
  const last = address.getComponents().at(-1)?.name
  if (TCP.exactMatch(address) && last === 'tcp') return address
  const why =
    last === 'p2p' ? 'has a peer id, which is added by itself' : 'is not a plain TCP address'
  throw wrong(text, givenBy, why, example)
}

const wrong = (
  text: string,
  givenBy: string,
  why: string,
  example: string,
  cause?: unknown
): UsageError =>
  new UsageError(
    'own-address',
    `the address "${text.slice(0, 120)}" of ${givenBy} ${why}, for example ${example}`,
    { cause }
  )

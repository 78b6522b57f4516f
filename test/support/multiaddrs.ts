// Addresses as tests write them.
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'

export const multiaddrs = (...texts: string[]): Multiaddr[] => texts.map((text) => multiaddr(text))

export const tcp4 = (host: string, port = 4001): string => `/ip4/${host}/tcp/${port}`

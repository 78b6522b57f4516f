// Lets @libp2p/tcp make a connection of a socket that is connected already: of many that raced, the one that won.
import type { Socket } from 'node:net'
import type { Transport } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

/** The first step of the library's dial, which its type does not show. */
const CONNECT = '_connect'

interface DialOptions {
  /** Connected to the address that is dialled. */
  socket?: Socket
}

interface Connecting {
  [CONNECT](address: Multiaddr, options: DialOptions): Promise<Socket>
}

/** From now on a dial with a `socket` takes that one; the library does the rest. */
export function adoptSockets(transport: Transport): void {
  if (!connects(transport)) {
    throw new Error('this version of @libp2p/tcp does not connect in a step of its own')
  }
  const connect = transport[CONNECT].bind(transport)
  transport[CONNECT] = async (address, options) => options.socket ?? connect(address, options)
}

function connects(transport: Transport): transport is Transport & Connecting {
  return CONNECT in transport && typeof transport[CONNECT] === 'function'
}

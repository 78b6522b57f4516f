// Dials that leave from the listening port: what a NAT has mapped for the relay then serves peers too.
import net, { type BoundSocket } from 'node:net'

/** Whether this platform lets one port listen and dial. `reason` is for the user. */
export type PortReuse = { available: true } | { available: false; reason: string }

/** Binds a socket beside a listener on the same port. Throws the system's error, synchronously. */
export function bindBeside(host: string, port: number): BoundSocket {
  return new net.BoundSocket({ host, port, reusePort: true, ipv6Only: net.isIPv6(host) })
}

/**
 * Tries it once on loopback: binds one port twice. `net.BoundSocket` came with Node 24.19,
 * and `reusePort` raises on macOS and Windows.
 */
export function probePortReuse(): PortReuse {
  if (typeof net.BoundSocket !== 'function') {
    return { available: false, reason: 'this Node has no net.BoundSocket (it came with 24.19)' }
  }
  try {
    const first = bindBeside('127.0.0.1', 0)
    try {
      bindBeside('127.0.0.1', first.address().port).close()
    } finally {
      first.close()
    }
    return { available: true }
  } catch (error) {
    const code = error instanceof Error ? error.message : String(error)
    return {
      available: false,
      reason: `this platform does not let one port listen and dial (${code}), so the addresses that NATs map for us cannot be dialled by others: paths stay relayed unless a peer is reachable without a punch`
    }
  }
}

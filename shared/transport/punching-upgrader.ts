// Gives a connection the role of the punch and not of the socket: in a simultaneous open both ends dialled.
import { setTimeout as sleep } from 'node:timers/promises'
import type {
  Connection,
  MultiaddrConnection,
  Upgrader,
  UpgraderOptions,
  UpgraderWithoutEncryptionOptions
} from '@libp2p/interface'
import type { PunchTable } from './punch-table.ts'

type Options = UpgraderOptions | UpgraderWithoutEncryptionOptions

/**
 * A client's first bytes follow its SYN by less than this unless the path is very slow. Only asked when a
 * socket comes from the host being punched but from a port that nobody announced.
 */
const FIRST_BYTES_MS = 250

/** A connection that does not complete its handshakes in this time never will. */
const HANDSHAKE_TIMEOUT_MS = 10_000

export function punchingUpgrader(inner: Upgrader, punches: PunchTable): Upgrader {
  return {
    upgradeOutbound: (maConn: MultiaddrConnection, options: Options): Promise<Connection> => {
      // yamux takes its side from the direction of the connection below it.
      if (isResponder(options)) maConn.direction = 'inbound'
      return inner.upgradeOutbound(maConn, options)
    },
    upgradeInbound: async (maConn: MultiaddrConnection, options: Options): Promise<void> => {
      if (await speaksFirst(maConn, punches)) {
        maConn.direction = 'outbound'
        const signal = AbortSignal.any([
          signalOf(options),
          AbortSignal.timeout(HANDSHAKE_TIMEOUT_MS)
        ])
        await inner.upgradeOutbound(maConn, { ...options, signal })
        return
      }
      await inner.upgradeInbound(maConn, options)
    },
    createInboundAbortSignal: (signal) => inner.createInboundAbortSignal(signal),
    getStreamMuxers: () => inner.getStreamMuxers(),
    getConnectionEncrypters: () => inner.getConnectionEncrypters()
  }
}

function isResponder({ initiator }: { initiator?: boolean }): boolean {
  return initiator === false
}

function signalOf(options: Options): AbortSignal {
  return 'signal' in options && options.signal !== undefined
    ? options.signal
    : AbortSignal.timeout(HANDSHAKE_TIMEOUT_MS)
}

/** Whether we are to begin on a socket that the other side opened. */
async function speaksFirst(maConn: MultiaddrConnection, punches: PunchTable): Promise<boolean> {
  const match = punches.match(maConn.remoteAddr)
  if (match?.role !== 'client') return false
  if (match.confidence === 'certain') return true
  // Either the punch's server side behind a NAT that changed its port, which waits for us,
  // or an ordinary dial from that host, which is about to speak.
  const untilMs = Date.now() + FIRST_BYTES_MS
  while (maConn.readBufferLength === 0 && Date.now() < untilMs) await sleep(5)
  return maConn.readBufferLength === 0 && maConn.status === 'open'
}

// What is written in one turn of the event loop leaves together. The libraries write the length of each Noise message,
// its body, and every yamux header by itself, and each of those becomes a packet: a stream that opens is ten of them,
// which is all that a fresh TCP connection may have under way, so that the eleventh waited for a round trip.
import { Socket } from 'node:net'
import type { MultiaddrConnection, Transport, Upgrader, UpgraderOptions } from '@libp2p/interface'

/** From here on it is sent at once: bulk fills packets by itself, and must not wait for the end of the turn. */
const FLUSH_BYTES = 16 * 1024

/** A connection of the TCP library has its socket, and writes to it here. */
interface Written {
  socket: Socket
  sendData(data: unknown): unknown
}

/** Wraps the factory of a transport over TCP. */
export function wholePackets<Components>(
  factory: (components: Components) => Transport
): (components: Components) => Transport {
  return (components) => {
    const inner = factory(components)
    const dial = inner.dial.bind(inner)
    const createListener = inner.createListener.bind(inner)
    inner.dial = (address, options) =>
      dial(address, { ...options, upgrader: watched(options.upgrader) })
    inner.createListener = (options) =>
      createListener({ ...options, upgrader: watched(options.upgrader) })
    return inner
  }
}

/** Connections come by here when their sockets are fresh. */
function watched(upgrader: Upgrader): Upgrader {
  const upgradeOutbound: Upgrader['upgradeOutbound'] = (
    maConn: MultiaddrConnection,
    options: UpgraderOptions
  ) => {
    writeByTurns(maConn)
    return upgrader.upgradeOutbound(maConn, options)
  }
  const upgradeInbound: Upgrader['upgradeInbound'] = (
    maConn: MultiaddrConnection,
    options: UpgraderOptions
  ) => {
    writeByTurns(maConn)
    return upgrader.upgradeInbound(maConn, options)
  }
  return Object.create(upgrader, {
    upgradeOutbound: { value: upgradeOutbound },
    upgradeInbound: { value: upgradeInbound }
  })
}

function writeByTurns(maConn: MultiaddrConnection): void {
  if (!isWritten(maConn)) return
  const { socket } = maConn
  const sendData = maConn.sendData.bind(maConn)
  let turn: NodeJS.Immediate | undefined
  let corked = false
  const cork = (): void => {
    if (!corked) socket.cork()
    corked = true
  }
  const uncork = (): void => {
    if (corked) socket.uncork()
    corked = false
  }
  maConn.sendData = (data) => {
    cork()
    const result = sendData(data)
    // The first of a turn may be what the other side waits for: a turn of handshakes takes some milliseconds.
    if (turn === undefined || socket.writableLength >= FLUSH_BYTES) uncork()
    turn ??= setImmediate(() => {
      turn = undefined
      uncork()
    })
    return result
  }
}

function isWritten(maConn: object): maConn is Written {
  return (
    'socket' in maConn &&
    maConn.socket instanceof Socket &&
    'sendData' in maConn &&
    typeof maConn.sendData === 'function'
  )
}

// Finds routers that speak UPnP: a question to all of a network, and to its router alone, for a firewall on this
// machine lets in answers from where we have asked and from nowhere else.
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { descriptionUrl, searchMessages } from './upnp-messages.ts'

const SSDP_PORT = 1900
const SSDP_GROUP = '239.255.255.250'

/** Not beyond the next router or two; UPnP's own recommendation. */
const MULTICAST_HOPS = 2

/** Packets get lost on a Wi-Fi, and answers come after up to a second. */
const ASKED_AT_MS = [0, 400]
const LISTENED_FOR_MS = 1_800

const MAX_ANSWER_BYTES = 2_048

/** Of one network. Beyond it, somebody is playing. */
const MAX_FOUND = 2
const MAX_ANSWERS = 64

export interface Found {
  /** Where it describes itself; at the host that answered. */
  url: URL
  /** Our address on its network. */
  localHost: string
}

/** What answers on the network of that address. Never throws but for the signal's reason. */
export async function searchUpnp(
  localHost: string,
  routers: readonly string[],
  signal: AbortSignal,
  port = SSDP_PORT
): Promise<Found[]> {
  signal.throwIfAborted()
  const socket = createSocket('udp4')
  const failed = new AbortController()
  socket.on('error', () => failed.abort())
  const found = new Map<string, URL>()
  listen(socket, found)
  const stop = AbortSignal.any([signal, failed.signal])
  try {
    socket.bind(0, localHost)
    await once(socket, 'listening', { signal: stop })
    socket.setMulticastInterface(localHost)
    socket.setMulticastTTL(MULTICAST_HOPS)
    let waitedMs = 0
    for (const atMs of ASKED_AT_MS) {
      await sleep(atMs - waitedMs, undefined, { signal: stop })
      waitedMs = atMs
      ask(socket, [SSDP_GROUP, ...routers], port)
    }
    await sleep(LISTENED_FOR_MS - waitedMs, undefined, { signal: stop })
  } catch {
    // An interface without multicast, or one that has gone: nobody is found there.
    signal.throwIfAborted()
  } finally {
    socket.close()
  }
  return [...found.values()].map((url) => ({ url, localHost }))
}

function listen(socket: Socket, found: Map<string, URL>): void {
  let answers = 0
  socket.on('message', (message, { address }) => {
    answers += 1
    if (answers > MAX_ANSWERS || message.length > MAX_ANSWER_BYTES || found.size >= MAX_FOUND)
      return
    const url = descriptionUrl(message.toString(), address)
    if (url !== undefined) found.set(url.href, url)
  })
}

function ask(socket: Socket, hosts: readonly string[], port: number): void {
  for (const message of searchMessages()) {
    // Unreachable from this interface, perhaps: another one has it.
    for (const host of hosts) socket.send(message, port, host, () => {})
  }
}

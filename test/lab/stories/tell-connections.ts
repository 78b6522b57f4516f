// Loaded before the peer's program (node --import): one more event for each connection that opens, for measuring.
// The program itself stays as it is; a connection opens when both its handshakes, Noise and yamux, are done.
import type { Connection } from '@libp2p/interface'
import { RENDEZVOUS_PROTOCOL } from '../../../shared/wire/rendezvous.ts'

export interface ConnectionTold {
  event: 'connection'
  /** ISO 8601 with milliseconds. */
  at: string
  peer: string
  direct: boolean
  direction: 'inbound' | 'outbound'
}

/** The peer asks its relay to register it: it joins the room. */
export interface RegisteringTold {
  event: 'registering'
  at: string
}

const told = new Set<string>()
let toldRegistering = false
const dispatch = Object.getOwnPropertyDescriptor(EventTarget.prototype, 'dispatchEvent')?.value

EventTarget.prototype.dispatchEvent = function (event: Event): boolean {
  if (event.type === 'connection:open' && event instanceof CustomEvent) tell(event.detail)
  return dispatch.call(this, event)
}

/** The first message of the rendezvous stream asks the relay to register. */
function tellRegistering(connection: Connection): void {
  const newStream = connection.newStream.bind(connection)
  connection.newStream = async (protocols, options) => {
    const stream = await newStream(protocols, options)
    if (stream.protocol === RENDEZVOUS_PROTOCOL && !toldRegistering) {
      toldRegistering = true
      const send = stream.send.bind(stream)
      stream.send = (data) => {
        stream.send = send
        print({ event: 'registering', at: new Date().toISOString() })
        return send(data)
      }
    }
    return stream
  }
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

/** The node passes the event on from its inside to its outside: once is enough. */
function tell(connection: Connection): void {
  const { id, remotePeer, direct, direction } = connection
  if (told.has(id)) return
  told.add(id)
  tellRegistering(connection)
  const at = new Date().toISOString()
  const line = { event: 'connection', at, peer: remotePeer.toString(), direct, direction }
  print(line)
}

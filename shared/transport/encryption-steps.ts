// The two steps of libp2p's upgrader that end in the encrypter's handshake, without what makes them slow: who dials
// proposes the one encryption that there is and begins with it in the same packet, who is dialled answers in one step.
import {
  UnsupportedProtocolError,
  type AbortOptions,
  type MessageStream,
  type SecureConnectionOptions,
  type SecuredConnection,
  type Upgrader
} from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'
import { asError } from '../as-error.ts'
import { negotiateInbound } from './inbound-negotiation.ts'
import { isReceiver, proposal, stripAnswer } from './multistream-answer.ts'
import { writeTogether } from './whole-writes.ts'

/** Their names in the library's upgrader. */
const INBOUND = '_encryptInbound'
const OUTBOUND = '_encryptOutbound'

type EncryptionStep = (
  connection: MessageStream,
  options: SecureConnectionOptions
) => Promise<SecuredConnection & { protocol: string }>

export interface EncryptionStepsComponents {
  upgrader: Pick<Upgrader, 'getConnectionEncrypters'>
}

/** The library's, by its name. */
class EncryptionFailedError extends Error {
  override name = 'EncryptionFailedError'
}

/** A service of a node. */
export function encryptionSteps(): (components: EncryptionStepsComponents) => object {
  return ({ upgrader }) => {
    for (const name of [INBOUND, OUTBOUND]) {
      if (!(name in upgrader)) throw new Error(`the upgrader of this libp2p has no ${name}`)
    }
    const encrypters = (): ReturnType<Upgrader['getConnectionEncrypters']> =>
      upgrader.getConnectionEncrypters()
    const inbound: EncryptionStep = async (connection, options) => {
      const protocol = await negotiateInTime(connection, [...encrypters().keys()], options)
      const encrypter = encrypters().get(protocol)
      if (encrypter === undefined) throw new UnsupportedProtocolError(protocol)
      return { ...(await encrypter.secureInbound(connection, options)), protocol }
    }
    const outbound: EncryptionStep = async (connection, options) => {
      const [first] = encrypters()
      if (first === undefined) throw new UnsupportedProtocolError('no encryption')
      const [protocol, encrypter] = first
      beginWith(connection, protocol)
      return { ...(await encrypter.secureOutbound(connection, options)), protocol }
    }
    Object.assign(upgrader, { [INBOUND]: named(inbound), [OUTBOUND]: named(outbound) })
    return {}
  }
}

/** Puts the proposal ahead of the first message, and takes its answer off what comes back. */
function beginWith(connection: MessageStream, protocol: string): void {
  if (!isReceiver(connection)) throw new Error('this connection does not show what it receives')
  stripAnswer(connection, protocol)
  const send = connection.send.bind(connection)
  connection.send = (data) => {
    connection.send = send
    return send(new Uint8ArrayList(proposal(protocol), data))
  }
}

function named(step: EncryptionStep): EncryptionStep {
  return async (connection, options) => {
    try {
      return await step(connection, options)
    } catch (cause) {
      throw new EncryptionFailedError(asError(cause).message, { cause })
    }
  }
}

async function negotiateInTime(
  connection: MessageStream,
  protocols: readonly string[],
  { signal }: AbortOptions
): Promise<string> {
  signal?.throwIfAborted()
  const onAbort = (): void => connection.abort(asError(signal?.reason))
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    // Who has begun with the proposal gets the answer and our first message in one packet.
    return await negotiateInbound(connection, protocols, () => writeTogether(connection))
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
}

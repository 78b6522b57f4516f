// Speaks /libp2p/dcutr over a relayed connection, on either side, up to the moment of dialling.
import type { Connection, Stream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { asError } from '../../shared/as-error.ts'
import { openAtOnce } from '../../shared/transport/optimistic-streams.ts'
import {
  DCUTR_PROTOCOL,
  decodeDcutr,
  decodeDcutrLength,
  encodeDcutr,
  MAX_DCUTR_MESSAGE_BYTES,
  type DcutrMessage
} from '../../shared/wire/dcutr.ts'

/** Both sides know each other's addresses and `rttMs` of the relayed path alone. The moment has come, or is half a RTT away. */
export interface Exchange {
  offered: Multiaddr[]
  rttMs: number
}

/** What the other side may send ahead: CONNECT and SYNC, and their lengths. */
const MAX_UNREAD_BYTES = 3 * MAX_DCUTR_MESSAGE_BYTES

export interface Side {
  own: readonly Multiaddr[]
  /** What our CONNECT says of our NAT; waited for before it is sent. */
  nat?: () => Promise<Uint8Array | undefined>
  /** Called as soon as the other side's addresses are known, before it may dial; with what it says of its NAT. */
  onOffer: (offered: Multiaddr[], nat: Uint8Array | undefined) => void
  signal: AbortSignal
}

/** Steps 1–5 of the specification as B, who opens the stream. Throws an Error that names the failed step. */
export async function initiate(
  connection: Connection,
  { own, nat, onOffer, signal }: Side
): Promise<Exchange> {
  // Before the stream: its refusal could come while there is nothing to be read yet, and would not be known for one.
  const connect = connectOf(own, await reportOf(nat))
  // 1. B opens a stream to A; the first message does not wait for the protocol to be agreed.
  const stream = await step('open /libp2p/dcutr', async () =>
    openAtOnce(connection, DCUTR_PROTOCOL, { signal })
  )
  try {
    const messages = wire(stream, signal)
    // 2. B sends CONNECT and starts a timer.
    const sentMs = performance.now()
    await step('send CONNECT', () => messages.write(connect))
    // 4. B receives A's CONNECT: the timer has the round trip.
    const { offered, theirs, heldMs } = await step('read CONNECT', () => messages.readConnect())
    // A remote that claims too much has us dial too early, and it alone is waiting for that.
    const rttMs = Math.max(0, performance.now() - sentMs - heldMs)
    onOffer(offered, theirs)
    // 5. B sends SYNC; it dials when half a round trip has passed.
    await step('send SYNC', () => messages.write({ type: 'sync' }))
    void stream.close({ signal }).catch((error: Error) => stream.abort(error))
    return { offered, rttMs }
  } catch (error) {
    stream.abort(asError(error))
    throw error
  }
}

/** Steps 3–6 as A, who answers. Resolves when SYNC has arrived, which is the moment to dial. */
export async function respond(
  stream: Stream,
  { own, nat, onOffer, signal }: Side
): Promise<Exchange> {
  const report = reportOf(nat)
  try {
    const messages = wire(stream, signal)
    const { offered, theirs } = await step('read CONNECT', () => messages.readConnect())
    const receivedMs = performance.now()
    onOffer(offered, theirs)
    const known = await report
    // 3. A answers with its own CONNECT.
    const sentMs = performance.now()
    const connect = connectOf(own, known, Math.floor(sentMs - receivedMs))
    await step('send CONNECT', () => messages.write(connect))
    // 6. SYNC is the signal to dial at once.
    await step('read SYNC', () => messages.readSync())
    const rttMs = performance.now() - sentMs
    void stream.close({ signal }).catch((error: Error) => stream.abort(error))
    return { offered, rttMs }
  } catch (error) {
    stream.abort(asError(error))
    throw error
  }
}

interface ReadConnect {
  offered: Multiaddr[]
  /** What is said of their NAT. */
  theirs: Uint8Array | undefined
  heldMs: number
}

interface DcutrWire {
  write(message: DcutrMessage): Promise<void>
  readConnect(): Promise<ReadConnect>
  readSync(): Promise<void>
}

function wire(stream: Stream, signal: AbortSignal): DcutrWire {
  const frames = lpStream(stream, {
    maxBufferSize: MAX_UNREAD_BYTES,
    lengthDecoder: decodeDcutrLength
  })
  const read = async (): Promise<DcutrMessage> =>
    decodeDcutr((await frames.read({ signal })).subarray())
  return {
    write: (message) => frames.write(encodeDcutr(message), { signal }),
    readConnect: async () => {
      const message = await read()
      if (message.type !== 'connect')
        throw new Error('the other side sent SYNC where CONNECT belongs')
      const { addresses, nat, heldMs = 0 } = message
      return { offered: addresses.flatMap(parseAddress), theirs: nat, heldMs }
    },
    readSync: async () => {
      const message = await read()
      if (message.type !== 'sync') throw new Error('the other side sent CONNECT where SYNC belongs')
    }
  }
}

/** Addresses of kinds that this library does not know are passed over, as the specification wants. */
function parseAddress(bytes: Uint8Array): Multiaddr[] {
  try {
    return [multiaddr(bytes)]
  } catch {
    return []
  }
}

/** Nothing is said when nothing can be found out: the punch does not depend on it. */
async function reportOf(nat: Side['nat']): Promise<Uint8Array | undefined> {
  return nat?.().catch(() => undefined)
}

function connectOf(
  own: readonly Multiaddr[],
  nat: Uint8Array | undefined,
  heldMs = 0
): DcutrMessage {
  const addresses = own.map(({ bytes }) => bytes)
  return { type: 'connect', addresses, ...(nat && { nat }), ...(heldMs > 0 && { heldMs }) }
}

async function step<T>(name: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (cause) {
    throw new DcutrStepError(name, cause)
  }
}

/** The exchange ended early: `step` is what was being done. */
export class DcutrStepError extends Error {
  override name = 'DcutrStepError'
  readonly step: string

  constructor(failed: string, cause: unknown) {
    super(`failed to ${failed}: ${asError(cause).message}`, { cause })
    this.step = failed
  }
}

// A circuit with an echo running through it: what it lost, and how long it stood still, says what a relay was doing meanwhile.
import assert from 'node:assert/strict'
import { CircuitStatus } from '../../shared/wire/circuit.ts'
import { byteStream } from '@libp2p/utils'
import { askHop, connectRequest } from './raw-circuit.ts'
import { guest, target, type Hospitable } from './relay-guests.ts'

const MESSAGE_BYTES = 256
/** Longer than anything but a circuit that carries nothing any more. */
const LOST_MS = 20_000

export interface EchoResult {
  /** That went there and came back. */
  messages: number
  /** The longest that one took. */
  longestMs: number
}

export interface Echo {
  /** So far. */
  readonly messages: number
  /** Ends it, and fails if anything was lost or changed on the way. */
  stop(): Promise<EchoResult>
}

/** Resolves when the first message is back. One at a time, one after the other, as fast as they come. */
export async function startEcho(relay: Hospitable): Promise<Echo> {
  const [far, near] = [await target(relay), await guest(relay)]
  const { answer, stream } = await askHop(near.toRelay, connectRequest(far.node.peerId))
  assert.equal(answer.status, CircuitStatus.OK)
  const end = (await far.taken).stream
  end.addEventListener('message', ({ data }) => void end.send(data))
  const bytes = byteStream(stream)
  const result: EchoResult = { messages: 0, longestMs: 0 }
  const stopping = new AbortController()
  const once = async (): Promise<void> => {
    const sent = Buffer.alloc(MESSAGE_BYTES, result.messages % 251)
    const startedMs = performance.now()
    const signal = AbortSignal.timeout(LOST_MS)
    await bytes.write(sent, { signal })
    const back = await bytes.read({ bytes: MESSAGE_BYTES, signal })
    assert.ok(sent.equals(back.subarray()), `message ${result.messages} came back changed`)
    result.messages++
    result.longestMs = Math.max(result.longestMs, performance.now() - startedMs)
  }
  await once()
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await once()
      // Others in this process want to run, too.
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  const running = run()
  // Told when it is asked for.
  running.catch(() => {})
  return {
    get messages() {
      return result.messages
    },
    stop: async () => {
      stopping.abort()
      await running
      await near.node.stop()
      await far.node.stop()
      return result
    }
  }
}

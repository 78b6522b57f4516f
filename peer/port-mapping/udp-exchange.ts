// One question to a router over UDP, asked again until it answers.
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { deadline } from '../../shared/deadline.ts'
import { GatewayError } from './gateway.ts'

/** Where routers listen for PCP and NAT-PMP alike. */
export const MAPPING_PORT = 5351

/** The RFCs' 250 ms at first, doubled each time; a router on this network that needs longer than this is none. */
const FIRST_REPEAT_MS = 250
const ANSWER_TIMEOUT_MS = 2_000

export interface Question<Answer> {
  host: string
  /** MAPPING_PORT unless a test says otherwise. */
  port: number
  /** `localHost`: our address on the way to that host. */
  request: (localHost: string) => Uint8Array
  /** Undefined for what is no answer: the wait goes on. */
  read: (bytes: Uint8Array) => Answer | undefined
}

/** Only what that host sends counts, for the socket is connected to it. Throws GatewayError, or the signal's reason. */
export async function askOverUdp<Answer>(
  question: Question<Answer>,
  outer: AbortSignal
): Promise<{ answer: Answer; localHost: string }> {
  outer.throwIfAborted()
  using limit = deadline(outer, ANSWER_TIMEOUT_MS, 'no answer')
  const socket = createSocket('udp4')
  try {
    socket.connect(question.port, question.host)
    await once(socket, 'connect', { signal: limit.signal })
    const localHost = socket.address().address
    const answer = await exchange(socket, question, localHost, limit.signal)
    return { answer, localHost }
  } catch (cause) {
    outer.throwIfAborted()
    throw new GatewayError('does not answer', { cause })
  } finally {
    socket.close()
  }
}

async function exchange<Answer>(
  socket: Socket,
  { request, read }: Question<Answer>,
  localHost: string,
  signal: AbortSignal
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const bytes = request(localHost)
  let timer: NodeJS.Timeout
  const send = (pauseMs: number): void => {
    socket.send(bytes)
    timer = setTimeout(() => send(2 * pauseMs), pauseMs)
  }
  const aborted = (): void => reject(signal.reason)
  signal.addEventListener('abort', aborted, { once: true })
  // Nobody listens there: the host said so.
  socket.on('error', reject)
  socket.on('message', (message) => {
    const answer = read(message)
    if (answer !== undefined) resolve(answer)
  })
  send(FIRST_REPEAT_MS)
  try {
    return await promise
  } finally {
    clearTimeout(timer!)
    signal.removeEventListener('abort', aborted)
  }
}

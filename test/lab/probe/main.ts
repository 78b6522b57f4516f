// Raw TCP inside a host of the lab, without any product code: a process that takes orders over IPC.
// Each side tells the other, in one line, the address it sees it at; a server then reads until its client has ended.

import { once } from 'node:events'
import { BoundSocket, createServer, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ProbeOrder, ProbeOutcome, ProbeReply, ProbeRequest, Target } from './orders.ts'

const DEFAULT_TIMEOUT_MS = 5_000

/** After a refusal the next dial of a punch starts so soon. */
const REDIAL_AFTER_MS = 25

async function obey(order: ProbeOrder): Promise<ProbeOutcome> {
  const startedAt = performance.now()
  switch (order.do) {
    case 'listen':
      await listen(order.port)
      return { result: 'listening', ms: performance.now() - startedAt }
    case 'connect':
      return finish(await dial(order), startedAt)
    case 'punch':
      return finish(await punch(order), startedAt)
    case 'send':
      return send(await dial(order), order.bytes)
    default:
      throw new Error('a probe does not know this order')
  }
}

async function listen(port: number): Promise<void> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    sayWhereFrom(socket)
    socket.resume().once('end', () => socket.end())
  })
  server.listen({ port, host: '0.0.0.0', reusePort: true })
  await once(server, 'listening')
}

/** Resolves with the connected socket, or with the reason in a word. */
function dial({ host, port, localPort, timeoutMs }: Target): Promise<Socket | string> {
  const handle = new BoundSocket({ host: '0.0.0.0', port: localPort ?? 0, reusePort: true })
  const socket = new Socket({ handle })
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      socket.destroy()
      resolve('timeout')
    }, timeoutMs ?? DEFAULT_TIMEOUT_MS)
    socket.on('error', (error) => {
      clearTimeout(timer)
      resolve('code' in error ? String(error.code) : error.message)
    })
    socket.connect({ host, port }, () => {
      clearTimeout(timer)
      resolve(socket)
    })
  })
}

/** Dials again after every refusal, until the window closes; the other side does the same at the same time. */
async function punch({
  timeoutMs = DEFAULT_TIMEOUT_MS,
  ...target
}: Target): Promise<Socket | string> {
  const closesAt = performance.now() + timeoutMs
  let last: Socket | string = 'timeout'
  for (let leftMs = timeoutMs; leftMs > 0; leftMs = closesAt - performance.now()) {
    last = await dial({ ...target, timeoutMs: leftMs })
    if (typeof last !== 'string') {
      sayWhereFrom(last)
      break
    }
    await sleep(REDIAL_AFTER_MS)
  }
  return last
}

async function finish(dialled: Socket | string, startedAt: number): Promise<ProbeOutcome> {
  const ms = performance.now() - startedAt
  if (typeof dialled === 'string') return { result: dialled, ms }
  const [line] = await once(dialled, 'data')
  dialled.destroy()
  return { result: 'connected', ms, seenAs: String(line).trim() }
}

async function send(dialled: Socket | string, bytes: number): Promise<ProbeOutcome> {
  if (typeof dialled === 'string') return { result: dialled, ms: 0 }
  const startedAt = performance.now()
  dialled.resume().end(Buffer.alloc(bytes))
  await once(dialled, 'end')
  return { result: 'sent', ms: performance.now() - startedAt }
}

function sayWhereFrom(socket: Socket): void {
  socket.write(`${socket.remoteAddress} ${socket.remotePort}\n`)
}

async function answer({ id, order }: ProbeRequest): Promise<void> {
  const reply: ProbeReply = { id }
  try {
    reply.outcome = await obey(order)
  } catch (error) {
    reply.error = error instanceof Error ? error.message : String(error)
  }
  process.send?.(reply)
}

process.on('message', (message) => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- probe.ts is the only sender
  void answer(message as ProbeRequest)
})
process.on('disconnect', () => process.exit())

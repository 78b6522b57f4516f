// The switch process: carries Ethernet frames between taps with delay and loss, because not every kernel has netem.
// A tap is a socat between the kernel and a loopback UDP socket. Orders come over the IPC channel; without it, it ends.

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { Fabric } from './fabric.ts'
import type { SwitchOrder, SwitchReply, SwitchRequest } from './orders.ts'

/**
 * What a frame spends in two taps and in waiting for a timer, beside its delay: without taking it off, 40 ms there and
 * back are 42 in the kernel's own measure.
 */
const OWN_COST_MS = 0.5

/** Timers tick in whole milliseconds: by one, a frame may leave this much before its time, not a whole tick late. */
const EARLY_MS = OWN_COST_MS + 0.25

/** The kernel's usual ceiling (net.core.rmem_max); bursts wait here while this process is busy. */
const SOCKET_BUFFER_BYTES = 212_992

const fabric = new Fabric(Math.random)
const sockets = new Map<string, Socket>()
const taps = new Set<ChildProcess>()
let timer: NodeJS.Timeout | undefined

function forwardDue(earlyMs: number): void {
  clearTimeout(timer)
  const nowMs = performance.now()
  for (let due = fabric.takeDue(nowMs + earlyMs); due; due = fabric.takeDue(nowMs + earlyMs)) {
    sockets.get(due.port)?.send(due.frame)
  }
  const nextMs = fabric.nextDueMs()
  if (nextMs !== undefined) {
    const waitMs = Math.max(1, Math.round(nextMs - OWN_COST_MS - nowMs))
    timer = setTimeout(() => forwardDue(EARLY_MS), waitMs)
  }
}

/**
 * Both ends of a tap's UDP pair have the same port number, the switch on 127.0.0.1 and socat on 127.0.0.2:
 * what is free for one is free for the other, and nobody has to be told.
 */
async function addTap(name: string): Promise<void> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: SOCKET_BUFFER_BYTES })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.connect(port, '127.0.0.2')
  await once(socket, 'connect')
  socket.on('error', () => {}) // a frame for a tap whose namespace has just gone
  socket.on('message', (frame) => {
    fabric.receive(name, frame, performance.now())
    forwardDue(OWN_COST_MS)
  })
  sockets.set(name, socket)
  await startSocat(name, port)
}

async function startSocat(name: string, port: number): Promise<void> {
  const tap = `TUN,tun-type=tap,iff-no-pi,tun-name=${name}`
  const udp = `UDP:127.0.0.1:${port},bind=127.0.0.2:${port},rcvbuf=${SOCKET_BUFFER_BYTES}`
  const args = ['--pdeathsig', 'KILL', 'socat', '-d', '-d', tap, udp]
  const socat = spawn('setpriv', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  taps.add(socat)
  socat.once('exit', () => taps.delete(socat))
  const said: string[] = []
  for await (const line of createInterface({ input: socat.stderr })) {
    said.push(line)
    if (line.includes('starting data transfer loop')) {
      socat.stderr.resume()
      return
    }
  }
  throw new Error(`cannot make tap ${name}: ${said.at(-1) ?? 'socat ended'}`)
}

async function obey(order: SwitchOrder): Promise<void> {
  switch (order.do) {
    case 'addPort':
      fabric.addPort(order.port, order.options)
      return addTap(order.port)
    case 'setDelay':
      return fabric.setDelay(order.port, order.delayMs)
    case 'setLoss':
      return fabric.setLoss(order.port, order.lossPercent)
    case 'cut':
      return fabric.cut(order.port)
    case 'restore':
      return fabric.restore(order.port)
  }
}

async function end(): Promise<void> {
  const exits = [...taps].map((tap) => once(tap, 'exit'))
  for (const tap of taps) tap.kill('SIGKILL')
  await Promise.all(exits)
  process.exit()
}

async function answer({ id, order }: SwitchRequest): Promise<void> {
  const reply: SwitchReply = { id }
  try {
    await obey(order)
  } catch (error) {
    reply.error = error instanceof Error ? error.message : String(error)
  }
  process.send?.(reply)
}

process.on('message', (message) => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- switch.ts is the only sender
  void answer(message as SwitchRequest)
})
process.on('disconnect', () => void end())
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {}) // ends with its network, not before

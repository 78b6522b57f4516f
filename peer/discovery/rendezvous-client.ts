// What a peer asks of a rendezvous server: register, unregister, discover, as values and errors in words.
// Source: the rendezvous specification of libp2p. Works with our relay and with rust-libp2p's server.
import type { PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { UserError } from '../../shared/errors.ts'
import { harmless } from '../../shared/harmless.ts'
import { openRecord } from '../../shared/signed-record.ts'
import {
  DEFAULT_TTL_SECONDS,
  MAX_TTL_SECONDS,
  MIN_TTL_SECONDS,
  STATUS,
  statusWords,
  type RendezvousMessage,
  type RendezvousRequest,
  type WireRegistration
} from '../../shared/wire/rendezvous.ts'
import type { RendezvousChannel } from './channel.ts'

/** Someone who is in the room, as their own signed record has it. */
export interface FoundPeer {
  peer: PeerId
  addresses: Multiaddr[]
  /** Of their record: a higher one is newer. */
  sequence: number
  /** The signed envelope. */
  record: Uint8Array
  /** What is left of the registration; at most 72 h, whatever the server says. */
  ttlMs: number
}

/** One reply: who is in the room, or who is new in it. */
export interface Listing {
  found: FoundPeer[]
  /** Hand it to the next `discover` to get only what is new; undefined when the server gave none. */
  cookie: Uint8Array | undefined
  /** The reply is so long that the server may have cut it. */
  maybeCut: boolean
}

/** Well below the caps of our relay (1,000 and 256 KiB) and of others. */
const LONG_REPLY = { registrations: 100, bytes: 64 * 1024 }

/** The server said no. `status` is one of STATUS, or a number that it made up. */
export class RefusedError extends UserError {
  override name = 'RefusedError'
  readonly status: number

  constructor(step: string, status: number, statusText: string | undefined) {
    const detail = statusText ? ` (${harmless(statusText)})` : ''
    super('rendezvous-refused', `the relay refused to ${step}: ${statusWords(status)}${detail}`)
    this.status = status
  }
}

/**
 * Registers in a room. Returns the milliseconds that the server grants.
 *
 * @param options.record a signed envelope of the peer at this end of the connection
 * @param options.ttlSeconds servers take 2 h to 72 h
 * @throws RefusedError, or UserError `rendezvous-failed` when there is no usable answer
 */
export async function register(
  channel: RendezvousChannel,
  options: { room: string; record: Uint8Array; ttlSeconds?: number; signal: AbortSignal }
): Promise<{ ttlMs: number }> {
  const step = `register room ${quoted(options.room)}`
  const ttlSeconds = Math.max(options.ttlSeconds ?? DEFAULT_TTL_SECONDS, MIN_TTL_SECONDS)
  const { room: ns, record: signedPeerRecord, signal } = options
  const reply = await ask(
    channel,
    step,
    { type: 'register', ns, signedPeerRecord, ttlSeconds },
    signal
  )
  if (reply.type !== 'registerResponse') throw unusable(step, `a ${reply.type}`)
  if (reply.status !== STATUS.ok) throw new RefusedError(step, reply.status, reply.statusText)
  return { ttlMs: clampTtl(reply.ttlSeconds ?? ttlSeconds) }
}

/** Leaves a room; servers do not answer that. */
export async function unregister(
  channel: RendezvousChannel,
  options: { room: string; signal: AbortSignal }
): Promise<void> {
  await channel.tell({ type: 'unregister', ns: options.room }, { signal: options.signal })
}

/**
 * Asks who is in a room: everyone, or what is new since `cookie`. One reply, which servers may cut: ask again with
 * its cookie until nothing comes.
 *
 * @throws RefusedError (with STATUS.invalidCookie after a restart of the server), or UserError `rendezvous-failed`
 */
export async function discover(
  channel: RendezvousChannel,
  options: { room: string; cookie?: Uint8Array | undefined; limit?: number; signal: AbortSignal }
): Promise<Listing> {
  const { room, cookie, limit, signal } = options
  const step = `say who is in room ${quoted(room)}`
  const request: RendezvousRequest = { type: 'discover', ns: room }
  if (cookie !== undefined) request.cookie = cookie
  if (limit !== undefined) request.limit = limit
  const reply = await ask(channel, step, request, signal)
  if (reply.type !== 'discoverResponse') throw unusable(step, `a ${reply.type}`)
  if (reply.status !== STATUS.ok) throw new RefusedError(step, reply.status, reply.statusText)

  const found: FoundPeer[] = []
  for (const registration of reply.registrations) {
    const opened = await openRegistration(registration, room, signal)
    if (opened !== undefined) found.push(opened)
  }
  return { found, cookie: reply.cookie, maybeCut: isLong(reply.registrations) }
}

function isLong(registrations: WireRegistration[]): boolean {
  const bytes = registrations.reduce((sum, each) => sum + each.signedPeerRecord.byteLength, 0)
  return registrations.length >= LONG_REPLY.registrations || bytes >= LONG_REPLY.bytes
}

/** Undefined when the registration is not to be believed. */
export async function openRegistration(
  registration: WireRegistration,
  room: string,
  signal: AbortSignal
): Promise<FoundPeer | undefined> {
  if (registration.ns !== room) return undefined
  try {
    const { signedPeerRecord: record, ttlSeconds } = registration
    const { peer, addresses, sequence } = await openRecord(record, { signal })
    return { peer, addresses, sequence, record, ttlMs: clampTtl(ttlSeconds ?? DEFAULT_TTL_SECONDS) }
  } catch {
    signal.throwIfAborted()
    return undefined
  }
}

async function ask(
  channel: RendezvousChannel,
  step: string,
  request: RendezvousRequest,
  signal: AbortSignal
): Promise<RendezvousMessage> {
  try {
    return await channel.ask(request, { signal })
  } catch (error) {
    signal.throwIfAborted()
    throw unusable(step, error instanceof Error ? inWords(error) : String(error), error)
  }
}

function inWords(error: Error): string {
  switch (error.name) {
    case 'UnsupportedProtocolError':
      return 'it does not offer rendezvous'
    case 'UnexpectedEOFError':
    case 'StreamResetError':
      return 'it closed the stream without an answer'
    default:
      return error.message
  }
}

function unusable(step: string, what: string, cause?: unknown): UserError {
  return new UserError('rendezvous-failed', `the relay did not ${step}: ${what}`, { cause })
}

function clampTtl(ttlSeconds: number): number {
  return Math.min(ttlSeconds, MAX_TTL_SECONDS) * 1000
}

function quoted(room: string): string {
  return JSON.stringify(room)
}

// What an event says to a person: sentences, made harmless, and whether they are talk or data. (pure)
import { harmless, harmlessName } from '../../shared/harmless.ts'
import { CHAT_LIMITS } from '../../shared/wire/chat.ts'
import type { NatTold, PeerEvent } from '../events.ts'
import { shortPeer } from './labels.ts'

export interface Words {
  /** `data` is what others said (standard output); the rest is about the program (standard error). */
  kind: 'data' | 'info' | 'verbose'
  text: string
}

/** The conversation's reason for a path that ended with a goodbye. */
const LEFT = 'the peer left'

type LabelOf = (peer: string) => string

/**
 * One line for each sentence; none when the event says nothing to a person. What was said in another room than `room`
 * has the name of that one in front.
 */
export function wordsFor(event: PeerEvent, labelOf: LabelOf, room: string): Words[] {
  return sentencesFor(event, labelOf, room).map(({ kind, text }) => ({
    kind,
    text: harmless(text)
  }))
}

function sentencesFor(event: PeerEvent, labelOf: LabelOf, room: string): Words[] {
  let words: Words[]
  switch (event.event) {
    case 'started':
      words = [
        info(`you are ${labelOf(event.peerId)}, peer ${event.peerId}`),
        ...event.addresses.map((address) => verbose(`listening on ${address}`))
      ]
      break
    case 'relay':
      words = [info(relayWords(event))]
      break
    case 'relay-leaving':
      words = [info(leavingWords(event, labelOf))]
      break
    case 'port-mapping':
      words = [mappingWords(event)]
      break
    case 'discovered':
      words = [info(`${labelOf(event.peer)} is in the room`)]
      break
    case 'left':
      words = [info(`${labelOf(event.peer)} left the room`)]
      break
    case 'path':
      // That somebody left is said by `left`.
      words = event.reason === LEFT ? [] : [info(pathWords(event, labelOf))]
      break
    case 'punch':
      words = punchWords(event, labelOf)
      break
    case 'message':
      words = [messageWords(event, labelOf, room)]
      break
    case 'delivered':
      words = [verbose(`${labelOf(event.peer)} has message ${event.id}`)]
      break
    case 'waiting':
      words = [info(waitingWords(event, labelOf))]
      break
    case 'error':
      words = [info(event.message)]
      break
    case 'sent':
    case 'stopped':
      words = []
  }
  return words
}

function relayWords(event: Extract<PeerEvent, { event: 'relay' }>): string {
  const relay = event.relay === undefined ? 'the relay' : `the relay ${shortPeer(event.relay)}`
  const because = event.reason === undefined ? '' : `: ${event.reason}`
  return {
    connecting: `connecting to ${relay} at ${event.address}${because}`,
    reserved: `${relay} makes you reachable`,
    refused: `${relay} refused${because}`,
    lost: `lost ${relay}${because}`
  }[event.state]
}

function leavingWords(
  { relay, seconds, relayed }: Extract<PeerEvent, { event: 'relay-leaving' }>,
  labelOf: LabelOf
): string {
  const start = `the relay ${shortPeer(relay)} is shutting down`
  if (relayed.length === 0) return `${start}; what is direct goes on`
  const who = relayed.map((peer) => labelOf(peer)).join(', ')
  return `${start}: what is relayed there (${who}) ends within ${seconds} s, what is direct goes on`
}

function mappingWords(event: Extract<PeerEvent, { event: 'port-mapping' }>): Words {
  const { state, method = '', router = '', address = '', reason = '' } = event
  return state === 'mapped'
    ? info(`your router at ${router} forwards ${address} to you while this runs (${method})`)
    : verbose(`no port is forwarded to you: ${reason}`)
}

function pathWords(event: Extract<PeerEvent, { event: 'path' }>, labelOf: LabelOf): string {
  const was = event.was === event.path || event.was === 'none' ? '' : ` (was ${event.was})`
  const start = `path to ${labelOf(event.peer)}: ${event.path}${was}`
  const because = event.reason === undefined ? '' : `: ${event.reason}`
  return event.path === 'none' ? `${start}${because}` : `${start} after ${event.ms} ms${because}`
}

function punchWords(event: Extract<PeerEvent, { event: 'punch' }>, labelOf: LabelOf): Words[] {
  const because = event.reason === undefined ? '' : `: ${event.reason}`
  const { via, attempt, role } = event
  const which = via === 'meeting' ? 'on meeting' : `${attempt} with`
  const start = `hole punch ${which} ${labelOf(event.peer)} as ${role}`
  return [
    verbose(`${start}: ${event.outcome} after ${event.ms} ms${because}`),
    verbose(`  candidates: ${event.candidates.join(', ') || 'none'}`),
    ...(event.nats === undefined ? [] : [verbose(natsWords(event.nats, event.guesses ?? 0))])
  ]
}

function natsWords(nats: { own: NatTold; other: NatTold }, guesses: number): string {
  const [ours, theirs] = [nats.own, nats.other].map(
    ({ mapping, ports, seen }) => `${mapping}, ports ${ports} (${seen.join(', ') || 'none seen'})`
  )
  return `  NATs: yours ${ours}; theirs ${theirs}; ${guesses} ports guessed`
}

function waitingWords(event: Extract<PeerEvent, { event: 'waiting' }>, labelOf: LabelOf): string {
  const { peer, messages } = event
  const what = messages === 1 ? 'a message waits' : `${messages} messages wait`
  return `${what} for ${labelOf(peer)}, to be delivered when both of you are here again`
}

function messageWords(
  event: Extract<PeerEvent, { event: 'message' }>,
  labelOf: LabelOf,
  ourRoom: string
): Words {
  const { peer, room, text } = event
  const aside = room === undefined ? ' (to you alone)' : ''
  const where = room === undefined || room === ourRoom ? '' : `[${otherRoom(room)}] `
  return { kind: 'data', text: `${where}${labelOf(peer)}${aside}: ${text}` }
}

/** As with names: nothing in it may look like the line that follows. */
const otherRoom = (room: string): string =>
  harmlessName(room, CHAT_LIMITS.maxNameBytes) || 'another room'

const info = (text: string): Words => ({ kind: 'info', text })
const verbose = (text: string): Words => ({ kind: 'verbose', text })

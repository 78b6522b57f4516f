// The story of the demo: two peers meet at a relay, go direct, and keep talking when the relay has been killed.
import { setTimeout as sleep } from 'node:timers/promises'
import type { PeerEvent } from '../events.ts'
import { Cast, type PeerActor, type RelayActor } from './cast.ts'
import type { Told } from './actor.ts'
import type { Scene } from './scene.ts'
import { verdict, type Chapter, type Verdict } from './verdict.ts'

const ROOM = 'kitchen'

const BEFORE: Line[] = [
  ['alice', 'Hello bob, can you hear me?'],
  ['bob', 'Loud and clear. We have met at the relay.'],
  ['alice', 'It sees no word of ours: all is encrypted from end to end.']
]

const DIRECT: Line[] = [
  ['bob', 'Now there is a direct path between us.'],
  ['alice', 'Then nobody needs the relay any more. Kill it!']
]

const AFTER: Line[] = [
  ['alice', 'The relay is dead. Are you still there?'],
  ['bob', 'Right here. It is just the two of us now.'],
  ['alice', 'Not a word lost?'],
  ['bob', 'Not a word.']
]

type Line = [speaker: 'alice' | 'bob', text: string]
type PathEvent = Extract<PeerEvent, { event: 'path' }>

/** Plays it once. Throws an Error that says which promise was not kept when the signal aborts or a program ends. */
export async function tellStory(
  scene: Scene,
  tell: (chapter: Chapter) => void,
  { signal }: { signal: AbortSignal }
): Promise<Verdict> {
  const startedMs = performance.now()
  const chapters: Chapter[] = []
  const say = (chapter: Omit<Chapter, 'ms'>): void => {
    const told = { ...chapter, ms: Math.round(performance.now() - startedMs) }
    chapters.push(told)
    tell(told)
  }
  say({ step: 'scene', text: `Playing ${scene.words}.` })
  await using cast = new Cast({ launch: scene.launch })
  const relay = await cast.relay({ listen: scene.listen })
  const { addresses } = await relay.next('listening', { signal })
  const address = scene.relayAddress(addresses)
  if (address === undefined) throw new Error('the relay listens nowhere that a peer could dial')
  say({ step: 'relay', text: `relay   is up at ${address}` })

  const alice = await enter(cast, 'alice', address, say, signal)
  const bob = await enter(cast, 'bob', address, say, signal)
  const actors = { alice, bob }
  await Promise.all([
    meet(alice, 'bob', scene, say, signal),
    meet(bob, 'alice', scene, say, signal)
  ])
  await talk(actors, BEFORE, say, signal)
  await Promise.all([
    becomeDirect(alice, 'bob', say, signal),
    becomeDirect(bob, 'alice', say, signal)
  ])
  await talk(actors, DIRECT, say, signal)
  await killRelay(relay, [alice, bob], say, signal)
  await talk(actors, AFTER, say, signal)
  return verdict({
    said: [...BEFORE, ...DIRECT, ...AFTER],
    alice: alice.events,
    bob: bob.events
  })
}

type Say = (chapter: Omit<Chapter, 'ms'>) => void

async function enter(
  cast: Cast,
  name: string,
  relay: string,
  say: Say,
  signal: AbortSignal
): Promise<PeerActor> {
  const actor = await cast.peer({ name, room: ROOM, relay })
  const { peerId } = await actor.next('started', { signal })
  say({ step: 'peer', text: `${pad(name)} is up, peer ${peerId}` })
  await actor.next((event) => event.event === 'relay' && event.state === 'reserved', { signal })
  say({ step: 'reserved', text: `${pad(name)} can be reached through the relay, room ${ROOM}` })
  return actor
}

async function meet(
  actor: PeerActor,
  other: string,
  scene: Scene,
  say: Say,
  signal: AbortSignal
): Promise<void> {
  const first = await actor.next(
    isPath((path) => path.path !== 'none'),
    { signal }
  )
  const how =
    first.path === 'direct' && !scene.hasNats ? 'directly, nothing stands between' : first.path
  say({ step: 'met', text: `${pad(actor.name)} reaches ${other}: ${how}, after ${first.ms} ms` })
}

async function becomeDirect(
  actor: PeerActor,
  other: string,
  say: Say,
  signal: AbortSignal
): Promise<void> {
  const direct = await actor.next(
    isPath((path) => path.path === 'direct'),
    { signal }
  )
  const was = direct.was === 'none' ? '' : ` (was ${direct.was})`
  say({
    step: 'direct',
    text: `${pad(actor.name)} path to ${other}: DIRECT${was}, after ${direct.ms} ms, ${place(direct)}`
  })
}

async function talk(
  actors: Record<'alice' | 'bob', PeerActor>,
  lines: Line[],
  say: Say,
  signal: AbortSignal
): Promise<void> {
  for (const [speaker, text] of lines) {
    const listener = speaker === 'alice' ? actors.bob : actors.alice
    actors[speaker].say(text)
    await listener.next((event) => event.event === 'message' && event.text === text, { signal })
    say({ step: 'talk', text: `${pad(speaker)} “${text}”` })
    await sleep(PAUSE_MS, undefined, { signal })
  }
}

/** Between two lines, for people who read along. */
const PAUSE_MS = 150

async function killRelay(
  relay: RelayActor,
  peers: PeerActor[],
  say: Say,
  signal: AbortSignal
): Promise<void> {
  relay.kill('SIGKILL')
  await relay.exited
  say({ step: 'killed', text: 'relay   killed (SIGKILL)' })
  await Promise.all(
    peers.map(async (peer) => {
      await peer.next((event) => event.event === 'relay' && event.state === 'lost', { signal })
      say({ step: 'lost', text: `${pad(peer.name)} has lost the relay` })
    })
  )
}

function isPath(fits: (path: PathEvent) => boolean) {
  return (event: Told<PeerEvent>): event is Told<PathEvent> => event.event === 'path' && fits(event)
}

function place({ address = '' }: PathEvent): string {
  return address.replace(/\/p2p\/.*$/, '')
}

function pad(name: string): string {
  return name.padEnd(7)
}

// A relay and two peers, real programs in the hosts of a lab: ben is in the room first, anna joins him.

import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { Cast, type PeerActor, type RelayActor } from '../../../peer/demo/cast.ts'
import type { PeerEvent } from '../../../peer/events.ts'
import type { Host } from '../host.ts'
import type { Lab } from '../topologies.ts'
import { Dialogue } from './dialogue.ts'

export const RELAY_PORT = 4001
const ROOM = 'kitchen'

/** Processes start within a second or three, on a busy machine of two cores. */
const START_TIMEOUT_MS = 30_000

/** Acknowledgements get lost and are sent again like everything else. */
const ACKNOWLEDGE_TIMEOUT_MS = 30_000

const TELL_CONNECTIONS = fileURLToPath(new URL('tell-connections.ts', import.meta.url))

/** The box has a /run of its own: whatever lies there is gone with the box. */
export const STATE_FOLDERS = '/run'

export interface SceneOptions {
  /** Has the peers tell of their connections too (tell-connections.ts). */
  measured?: boolean
  /** More arguments of anna's `parley chat`. */
  annaArgs?: string[]
  /** By which anna names the relay, where that is not how ben does. */
  annaRelay?: string
  /** More arguments of both peers. */
  peerArgs?: string[]
  /** State folders that are there already, and stay. */
  homes?: { anna: string; ben: string }
  signal?: AbortSignal
}

export type PathTold = Extract<PeerEvent, { event: 'path' }> & { at: string }

export class Scene implements AsyncDisposable {
  readonly lab: Lab
  readonly relay: RelayActor
  readonly ben: PeerActor
  readonly anna: PeerActor
  readonly dialogue: Dialogue
  readonly #cast: Cast
  readonly #signal: AbortSignal

  private constructor(
    lab: Lab,
    cast: Cast,
    actors: { relay: RelayActor; ben: PeerActor; anna: PeerActor },
    signal: AbortSignal
  ) {
    this.lab = lab
    this.#cast = cast
    this.relay = actors.relay
    this.ben = actors.ben
    this.anna = actors.anna
    this.dialogue = new Dialogue(actors.anna, actors.ben)
    this.#signal = signal
  }

  /** Resolves when anna has been started; they have not met yet. */
  static async open(building: Promise<Lab> | Lab, options: SceneOptions = {}): Promise<Scene> {
    const lab = await building
    const cast = new Cast({ folder: STATE_FOLDERS, launch: launcher(lab) })
    const stop = options.signal ?? new AbortController().signal
    try {
      return new Scene(lab, cast, await enter(lab, cast, { ...options, signal: stop }), stop)
    } catch (error) {
      await lab[Symbol.asyncDispose]()
      await cast[Symbol.asyncDispose]()
      throw error
    }
  }

  get peers(): PeerActor[] {
    return [this.anna, this.ben]
  }

  /** Both see each other in the room and have a path, whichever. Resolves with both first paths. */
  async meet(): Promise<PathTold[]> {
    const signal = this.deadline(20_000)
    await Promise.all(this.peers.map((peer) => peer.next('discovered', { signal })))
    return Promise.all(this.peers.map((peer) => peer.next('path', { signal })))
  }

  /** Resolves with the events by which both went direct. */
  async direct(timeoutMs: number): Promise<PathTold[]> {
    const signal = this.deadline(timeoutMs)
    return Promise.all(
      this.peers.map((peer) => peer.next(isDirect, { signal, what: 'a direct path' }))
    )
  }

  /** Resolves with the reasons that both are told for not being direct. */
  async whyRelayed(timeoutMs: number): Promise<string[]> {
    const signal = this.deadline(timeoutMs)
    const failed = await Promise.all(
      this.peers.map((peer) => peer.next(isFailedPunch, { signal, what: 'a failed punch' }))
    )
    return failed.map(({ reason }) => reason ?? '')
  }

  /** SIGKILL: no goodbye, its host's kernel closes the sockets. Resolves when both peers have noticed. */
  async killRelay(): Promise<void> {
    const marks = this.peers.map((peer) => peer.mark())
    this.relay.kill('SIGKILL')
    await this.relay.exited
    const signal = this.deadline(10_000)
    await Promise.all(
      this.peers.map((peer, n) =>
        peer.next(lostRelay, { signal, from: marks[n] ?? 0, what: 'the loss of the relay' })
      )
    )
  }

  /** When every line is acknowledged, input ends at both: they say goodbye and leave with exit code 0. */
  async end(): Promise<void> {
    await this.dialogue.acknowledged(this.deadline(ACKNOWLEDGE_TIMEOUT_MS))
    for (const peer of this.peers) peer.hangUp()
    for (const peer of this.peers) {
      await peer.next('stopped', { signal: this.deadline(10_000) })
      assert.deepEqual(await peer.exited, { code: 0, signal: null }, `${peer.name}: ${peer.stderr}`)
    }
  }

  /** All that an actor told of its path, oldest first. */
  paths(peer: PeerActor): PathTold[] {
    return peer.events.filter((event) => event.event === 'path')
  }

  deadline(timeoutMs: number): AbortSignal {
    return AbortSignal.any([this.#signal, AbortSignal.timeout(timeoutMs)])
  }

  /** Networks take whatever runs in them along. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]()
    await this.#cast[Symbol.asyncDispose]()
  }
}

type Started = Pick<Scene, 'relay' | 'ben' | 'anna'>

async function enter(
  lab: Lab,
  cast: Cast,
  {
    measured = false,
    annaArgs = [],
    annaRelay = lab.relay.address,
    peerArgs = [],
    homes,
    signal: stop
  }: SceneOptions & { signal: AbortSignal }
): Promise<Started> {
  const signal = AbortSignal.any([stop, AbortSignal.timeout(START_TIMEOUT_MS)])
  const nodeArgs = measured ? ['--import', TELL_CONNECTIONS] : []
  const relay = await cast.relay({
    listen: ['/ip4/0.0.0.0', '/ip6/::'].map((host) => `${host}/tcp/${RELAY_PORT}`)
  })
  const { peerId } = await relay.next('listening', { signal })
  const named = (host: string): string => `${multiaddrOf(host)}/tcp/${RELAY_PORT}/p2p/${peerId}`
  const part = { room: ROOM, relay: named(lab.relay.address), args: peerArgs, nodeArgs }
  const ben = await cast.peer({ ...part, name: 'ben', ...(homes && { home: homes.ben }) })
  await relay.next((told) => told.event === 'registration' && told.action === 'added', { signal })
  const args = [...peerArgs, ...annaArgs]
  const inPlace = { relay: named(annaRelay), args, ...(homes && { home: homes.anna }) }
  const anna = await cast.peer({ ...part, name: 'anna', ...inPlace })
  return { relay, ben, anna }
}

export function multiaddrOf(address: string): string {
  return `/${address.includes(':') ? 'ip6' : 'ip4'}/${address}`
}

/** anna is on host a, ben on host b. */
export function launcher(lab: Lab): ConstructorParameters<typeof Cast>[0]['launch'] {
  const hosts: Record<string, Host> = { relay: lab.relay, anna: lab.a, ben: lab.b }
  return (role, args, env) => {
    const host = hosts[role]
    if (host === undefined) throw new Error(`no host for ${role}`)
    const ours = Object.entries(process.env).filter(([name]) => !name.startsWith('PARLEY_'))
    const stdio = ['pipe', 'pipe', 'pipe'] as const
    return host.spawn(process.execPath, args, {
      stdio: [...stdio],
      env: { ...Object.fromEntries(ours), ...env }
    })
  }
}

function isDirect(event: PeerEvent & { at: string }): event is PathTold {
  return event.event === 'path' && event.path === 'direct'
}

type PunchTold = Extract<PeerEvent, { event: 'punch' }> & { at: string }

export function isFailedPunch(event: PeerEvent & { at: string }): event is PunchTold {
  return event.event === 'punch' && event.outcome === 'failed'
}

function lostRelay(event: PeerEvent): boolean {
  return event.event === 'relay' && event.state === 'lost'
}

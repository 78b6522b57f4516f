// The cast of a scene: a relay and peers, as real processes with state folders of their own, wherever they are launched.
import type { ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { PeerEvent } from '../events.ts'
import { Actor } from './actor.ts'

/** Of the relay's events, what a scene looks at. */
export type RelayTold =
  | { event: 'listening'; peerId: string; addresses: string[] }
  | { event: 'reservation'; peer: string; action: string; reason?: string }
  | { event: 'circuit'; from: string; to: string; action: string; reason?: string; bytes?: number }
  | { event: 'registration'; peer: string; room: string; action: string; reason?: string }
  | { event: 'error'; code: string; message: string }
  | { event: 'stopped' }

export type RelayActor = Actor<RelayTold>
export type PeerActor = Actor<PeerEvent>

/**
 * Starts Node with these arguments, all three standard streams piped. `role` is who it is: `relay`, or a peer's
 * name. `env` comes on top of an environment without PARLEY_ variables.
 */
export type Launch = (role: string, args: string[], env: Record<string, string>) => ChildProcess

export interface CastOptions {
  launch: Launch
  /** Where the state folders are made, each removed with its actor. Default: the system's place for such. */
  folder?: string
}

interface Keeping {
  /** A state folder that is there and stays, for a program that comes back. Default: one of its own, removed with it. */
  home?: string
}

export interface RelayPart extends Keeping {
  /** Multiaddrs. */
  listen: string[]
  /** More arguments of `parley-relay`. */
  args?: string[]
}

export interface PeerPart extends Keeping {
  name: string
  room: string
  /** A multiaddr with `/p2p/…`. */
  relay: string
  /** More arguments of `parley chat`. */
  args?: string[]
  /** Arguments of Node itself. */
  nodeArgs?: string[]
}

export class Cast implements AsyncDisposable {
  readonly #options: CastOptions
  /** Last in, first out: the relay, as a rule the first, is the last to go. */
  readonly #actors = new AsyncDisposableStack()

  constructor(options: CastOptions) {
    this.#options = options
  }

  /** A relay that has been started; its `listening` says when it serves and where. */
  async relay({ listen, args = [], ...keeping }: RelayPart): Promise<RelayActor> {
    const listening = listen.flatMap((address) => ['--listen', address])
    const relay = [program('../../relay/main'), '--json', '--status', 'off', ...listening, ...args]
    return this.#enter('relay', relay, keeping)
  }

  /** A peer that has been started; lines said to it are messages to its room. */
  async peer(part: PeerPart): Promise<PeerActor> {
    const { name, room, relay, args = [], nodeArgs = [] } = part
    const chat = ['chat', room, '--relay', relay, '--name', name, '--json', ...args]
    return this.#enter(name, [...nodeArgs, program('../main'), ...chat], part)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#actors.disposeAsync()
  }

  async #enter<E extends { event: string }>(
    role: string,
    args: string[],
    { home }: Keeping
  ): Promise<Actor<E>> {
    const { launch } = this.#options
    const PARLEY_HOME = home ?? (await this.#newHome())
    return this.#actors.use(new Actor<E>(role, launch(role, args, { PARLEY_HOME })))
  }

  async #newHome(): Promise<string> {
    const home = await mkdtemp(join(this.#options.folder ?? tmpdir(), 'parley-cast-'))
    this.#actors.defer(() => rm(home, { recursive: true, force: true }))
    return home
  }
}

/** The program beside this file: .ts in a checkout, .js in the package. */
function program(path: string): string {
  return fileURLToPath(new URL(path + extname(import.meta.url), import.meta.url))
}

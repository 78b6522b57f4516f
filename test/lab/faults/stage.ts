// Where a fault happens: a lab, relays and two players in it, each with a state folder that outlives its program.

import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { Cast, type RelayActor } from '../../../peer/demo/cast.ts'
import type { PathKind } from '../../../peer/events.ts'
import type { Host } from '../host.ts'
import { launcher, RELAY_PORT, STATE_FOLDERS } from '../stories/scene.ts'
import type { Lab } from '../topologies.ts'
import { Disk } from './disk.ts'
import { Player, type Stored } from './player.ts'

const ROOM = 'kitchen'

const PARLEY = fileURLToPath(new URL('../../../peer/main.ts', import.meta.url))

/** Programs start within a second or three; several scenarios at once share two cores. */
const START_TIMEOUT_MS = 40_000

/** A path that has just been found again carries a line within a round trip or two, and what waited before it. */
const AGAIN_TIMEOUT_MS = 40_000

/** Rounds of the punch, and what the peers wait between them when one was in vain. */
export const DIRECT_TIMEOUT_MS = 60_000

export interface Setting {
  build: () => Promise<Lab>
  /** More arguments of `parley chat`, for both. */
  args?: string[]
  /** Default 1. They run on one host, under ports of their own. */
  relays?: number
  /** ben's state folder is a disk of so many KiB. */
  benDiskKib?: number
  /** The relay has been there once, to get its identity; it is not there when the peers start. */
  withoutRelay?: boolean
}

export class Stage implements AsyncDisposable {
  readonly lab: Lab
  readonly anna: Player
  readonly ben: Player
  readonly signal: AbortSignal
  /** Of ben, if he has one of his own. */
  disk: Disk | undefined
  readonly #cast: Cast
  readonly #folder: string
  readonly #relays: RelayActor[] = []
  readonly #addresses: string[] = []

  private constructor(lab: Lab, folder: string, setting: Setting, signal: AbortSignal) {
    this.lab = lab
    this.signal = signal
    this.#folder = folder
    this.#cast = new Cast({ folder, launch: launcher(lab) })
    this.anna = this.#player('anna', lab.a, setting)
    this.ben = this.#player('ben', lab.b, setting)
  }

  /** Resolves when both players have been started; they have not met yet. */
  static async open(setting: Setting, signal: AbortSignal): Promise<Stage> {
    const lab = await setting.build()
    const folder = await mkdtemp(join(STATE_FOLDERS, 'parley-fault-'))
    const stage = new Stage(lab, folder, setting, signal)
    try {
      await stage.#enter(setting)
      return stage
    } catch (error) {
      await stage[Symbol.asyncDispose]()
      throw error
    }
  }

  get players(): [Player, Player] {
    return [this.anna, this.ben]
  }

  /** Both have seen each other and talk from now on. */
  async meet(): Promise<void> {
    const signal = this.deadline(START_TIMEOUT_MS)
    await Promise.all(this.players.map(async ({ now }) => now.next('discovered', { signal })))
    for (const player of this.players) player.talks = true
  }

  /** Both have such a path. */
  async have(path: PathKind): Promise<void> {
    const signal = this.deadline(DIRECT_TIMEOUT_MS)
    await Promise.all(this.players.map((player) => player.hasPath(path, signal)))
  }

  /** Both have shown a line that was said from now on. */
  async talkAgain(): Promise<void> {
    const signal = this.deadline(AGAIN_TIMEOUT_MS)
    const { anna, ben } = this
    await Promise.all([heard(anna, ben, signal), heard(ben, anna, signal)])
  }

  /** The n-th relay, from 0 on, ends: at once with SIGKILL, properly with SIGTERM. */
  async endRelay(how: 'SIGKILL' | 'SIGTERM', n = 0): Promise<void> {
    this.#relays[n]?.kill(how)
    await this.#relays[n]?.exited
  }

  /** Starts the n-th relay, again as who it was. Resolves when it listens. */
  async startRelay(n = 0): Promise<void> {
    const home = await this.#home(`relay-${n}`)
    const port = RELAY_PORT + n
    const relay = await this.#cast.relay({ listen: [`/ip4/0.0.0.0/tcp/${port}`], home })
    const { peerId } = await relay.next('listening', { signal: this.deadline(START_TIMEOUT_MS) })
    this.#relays[n] = relay
    this.#addresses[n] = `/ip4/${this.lab.relay.address}/tcp/${port}/p2p/${peerId}`
  }

  /** Which relay a player has the other by. */
  relayOf(player: Player): number {
    const n = this.#addresses.findIndex((address) => player.way.startsWith(address))
    if (n === -1)
      throw new Error(`${player.name} has ${player.way}, which is by none of the relays`)
    return n
  }

  async wait(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.signal })
  }

  deadline(timeoutMs: number): AbortSignal {
    return AbortSignal.any([this.signal, AbortSignal.timeout(timeoutMs)])
  }

  /** Networks take whatever runs in them along. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]()
    await this.#cast[Symbol.asyncDispose]()
    await this.disk?.[Symbol.asyncDispose]()
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #enter({ relays = 1, benDiskKib, withoutRelay = false }: Setting): Promise<void> {
    for (let n = 0; n < relays; n += 1) await this.startRelay(n)
    if (withoutRelay) await this.endRelay('SIGTERM')
    if (benDiskKib !== undefined) this.disk = await Disk.mount(await this.#home('ben'), benDiskKib)
    await this.ben.start()
    if (!withoutRelay) {
      const signal = this.deadline(START_TIMEOUT_MS)
      await this.ben.now.next((told) => told.event === 'relay' && told.state === 'reserved', {
        signal
      })
    }
    await this.anna.start()
  }

  #player(name: string, host: Host, { args = [] }: Setting): Player {
    const start = async (): Promise<Player['now']> => {
      const [relay = '', ...others] = this.#addresses
      const more = others.flatMap((address) => ['--relay', address])
      const part = { name, room: ROOM, relay, home: await this.#home(name) }
      return this.#cast.peer({ ...part, args: [...more, ...args] })
    }
    return new Player({ name, start, readStored: async () => stored(host, await this.#home(name)) })
  }

  async #home(name: string): Promise<string> {
    const home = join(this.#folder, name)
    await mkdir(home, { recursive: true })
    return home
  }
}

/** What `parley history` says of the other's lines. */
async function stored(host: Host, home: string): Promise<Stored> {
  const history = [PARLEY, 'history', ROOM, '--json', '--limit', '100000']
  const printed = await host.run('env', [`PARLEY_HOME=${home}`, process.execPath, ...history])
  const lines = printed.split('\n').filter(Boolean)
  return lines
    .map((line): { id: string; text: string; peer?: string } => JSON.parse(line))
    .filter(({ peer }) => peer !== undefined)
}

async function heard(from: Player, by: Player, signal: AbortSignal): Promise<void> {
  const already = from.said.length
  const isLater = (text: string): boolean => Number(text.split(' ')[1]) > already
  const what = `a line of ${from.name} behind the ${already}th`
  await by.next((told) => told.event === 'message' && isLater(told.text), { signal, what })
}

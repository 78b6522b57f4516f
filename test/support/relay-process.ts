// A relay as its operator runs it, a process of its own, which a test can weigh, whose clock it can set, and which it can kill.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Libp2p } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import type { RelayEvent } from '../../relay/events.ts'
import type { RelayLimits } from '../../relay/limits.ts'
import { EventLog } from './event-log.ts'
import { start, type RunningProgram, type RunOptions } from './program.ts'
import type { Order, Told, Weight } from './relay-controls.ts'
import { stockPeer } from './relay-scene.ts'
import { scratchFolder } from './scratch.ts'

const CONTROLS = join(import.meta.dirname, 'relay-controls.ts')

export interface RelayProcessOptions extends Pick<RunOptions, 'before' | 'env'> {
  limits?: Partial<RelayLimits>
  /** A port of its own else. */
  listen?: string
  /** The folder of its key; one of its own else. */
  home?: string
  /** It logs all of its events on standard error, in words: `log` is told none of them. */
  inWords?: boolean
}

export class RelayProcess {
  readonly program: RunningProgram
  readonly log = new EventLog<RelayEvent | Told>()
  /** What it weighed before anything was done to it; for whoever compares. */
  baseline: Weight | undefined
  readonly #test: TestContext
  readonly #inWords: boolean

  /** Resolves when it serves; killed when the test is over. */
  static async start(test: TestContext, options: RelayProcessOptions = {}): Promise<RelayProcess> {
    const relay = new RelayProcess(test, options)
    await relay.listening()
    return relay
  }

  /** Does not wait until it serves. */
  constructor(test: TestContext, options: RelayProcessOptions = {}) {
    const { limits = {}, listen, home, inWords = false, ...run } = options
    this.#test = test
    this.#inWords = inWords
    const folder = home ?? scratchFolder(test)
    writeFileSync(join(folder, 'relay.yaml'), JSON.stringify({ limits }))
    const own = [inWords ? '--verbose' : '--json', '--listen', listen ?? '/ip4/127.0.0.1/tcp/0']
    const args = ['--expose-gc', '--import', CONTROLS, 'relay/main.ts', ...own]
    const env = { PARLEY_HOME: folder, ...run.env }
    this.program = start(test, args, { ...run, env })
    let rest = ''
    this.program.child.stdout.on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        if (!inWords || line.startsWith('{')) this.log.note(JSON.parse(line))
      }
    })
  }

  async listening(): Promise<string[]> {
    if (!this.#inWords) return (await this.log.first(isListening)).addresses
    await this.program.shows('stdout', /end of addresses/)
    return this.program.stdout.match(/\/ip4\/\S+/g) ?? []
  }

  get address(): Multiaddr {
    if (this.#inWords) return multiaddr(/\/ip4\/\S+/.exec(this.program.stdout)?.[0])
    for (const event of this.log.events) {
      if (event.event === 'listening') return multiaddr(event.addresses[0])
    }
    return assert.fail('it does not listen yet')
  }

  /** Whether the process is there. */
  get running(): boolean {
    const { exitCode, signalCode } = this.program.child
    return exitCode === null && signalCode === null
  }

  async weigh(): Promise<Weight> {
    return this.#order({ order: 'weigh' })
  }

  /** As somebody who sets the system's clock, to so far from the real time. */
  async setClock(ms: number): Promise<void> {
    await this.#order({ order: 'jump', ms })
  }

  async #order(order: Order): Promise<Weight> {
    const told = (): Told[] => this.log.events.filter((event) => event.event === 'told')
    const before = told().length
    this.program.child.stdin.write(`${JSON.stringify(order)}\n`)
    return this.log.until(() => told()[before])
  }

  /** At once. */
  async kill(): Promise<void> {
    this.program.child.kill('SIGKILL')
    await this.program.ended()
  }

  /** A peer that does not know circuits, to speak HOP and STOP by hand. */
  async plainPeer(): Promise<Libp2p> {
    const node = await stockPeer([], [tcp()])
    this.#test.after(async () => node.stop())
    await node.start()
    return node
  }
}

const isListening = (
  event: RelayEvent | Told
): event is Extract<RelayEvent, { event: 'listening' }> => event.event === 'listening'

// Where a cell is tried again and again: its network, a relay, and a process on either side that is a new peer each time.

import { fileURLToPath } from 'node:url'
import { Actor, type Told } from '../../../peer/demo/actor.ts'
import { Cast, type RelayActor } from '../../../peer/demo/cast.ts'
import type { PeerEvent } from '../../../peer/events.ts'
import type { Host } from '../host.ts'
import { measuresOf, type Watched } from '../stories/measures.ts'
import { isFailedPunch, launcher, RELAY_PORT, STATE_FOLDERS } from '../stories/scene.ts'
import type { Lab } from '../topologies.ts'
import type { MemberTold, Order } from './orders.ts'
import { directRun, SIDES, type Run, type Side } from './run.ts'

const MEMBER = fileURLToPath(new URL('member.ts', import.meta.url))
const TELL_CONNECTIONS = fileURLToPath(new URL('../stories/tell-connections.ts', import.meta.url))

/** A process and a relay start within a second or three on a busy machine. */
const START_TIMEOUT_MS = 30_000

/** Reservation and registration, on links that lose packets. */
const JOIN_TIMEOUT_MS = 30_000

/** Five rounds of 5 s and the pauses between them; three where NATs answer RST, which are left alone for 11 s. */
const PATIENCE_MS = 45_000

/** After that, no side is told of its first failed round any more: it takes 13 s, with a connection that was begun. */
const REASON_TIMEOUT_MS = 20_000

/** A line over the path that was found; what gets lost is sent again after a second or a few. */
const TALK_TIMEOUT_MS = 20_000

const LEAVE_TIMEOUT_MS = 20_000

type Member = Actor<MemberTold>

type Marks = Record<Side, number>

type Match = (told: Told<MemberTold>) => boolean

export class Stand implements AsyncDisposable {
  readonly #lab: Lab
  readonly #cast: Cast
  readonly #relayAddress: string
  readonly #members: Record<Side, Member>
  readonly #signal: AbortSignal
  #rooms = 0

  private constructor(
    { lab, cast, relayAddress }: { lab: Lab; cast: Cast; relayAddress: string },
    signal: AbortSignal
  ) {
    this.#lab = lab
    this.#cast = cast
    this.#relayAddress = relayAddress
    this.#members = { a: startMember('A', lab.a), b: startMember('B', lab.b) }
    this.#signal = signal
  }

  static async open(building: Promise<Lab>, signal: AbortSignal): Promise<Stand> {
    const lab = await building
    const cast = new Cast({ folder: STATE_FOLDERS, launch: launcher(lab) })
    try {
      const relay = await cast.relay({ listen: [`/ip4/0.0.0.0/tcp/${RELAY_PORT}`] })
      return new Stand({ lab, cast, relayAddress: await addressOf(relay, lab, signal) }, signal)
    } catch (error) {
      await lab[Symbol.asyncDispose]()
      await cast[Symbol.asyncDispose]()
      throw error
    }
  }

  /** One way, of the two sites' uplinks. */
  async setDelays({ a, b }: Record<Side, number>): Promise<void> {
    await Promise.all([this.#lab.a.setDelay(a), this.#lab.b.setDelay(b)])
  }

  /**
   * Two new peers meet, go direct or have failed in so many rounds, say a line each, and leave. Rejects when something
   * does not happen that must: then the stand is of no more use.
   */
  async run(newcomer: Side, { rounds }: { rounds: number }): Promise<Run> {
    const marks = { a: this.#members.a.mark(), b: this.#members.b.mark() }
    const room = `room ${++this.#rooms}`
    await this.#join(newcomer === 'a' ? 'b' : 'a', room)
    await this.#join(newcomer, room)
    const isDirectNow = await this.#takeItsCourse(marks, rounds)
    const run = this.#describe(isDirectNow, newcomer, marks)
    await this.#talk()
    await Promise.all([this.#leave('a'), this.#leave('b')])
    return run
  }

  /** Networks take whatever runs in them along. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lab[Symbol.asyncDispose]()
    await this.#cast[Symbol.asyncDispose]()
    await Promise.all([this.#members.a.exited, this.#members.b.exited])
  }

  async #join(side: Side, room: string): Promise<void> {
    const member = this.#members[side]
    const from = member.mark()
    const relay = this.#relayAddress
    order(member, { do: 'join', room, relay, timeoutMs: JOIN_TIMEOUT_MS })
    await member.next('joined', { from, signal: this.#deadline(2 * JOIN_TIMEOUT_MS) })
  }

  /** Resolves with true when both are direct, with false when enough rounds have failed and both were told why. */
  async #takeItsCourse(marks: Marks, rounds: number): Promise<boolean> {
    const over = new AbortController()
    const told = (match: Match, what: string, timeoutMs: number): Array<Promise<unknown>> => {
      const signal = AbortSignal.any([over.signal, this.#deadline(timeoutMs)])
      return SIDES.map(async (side) =>
        this.#members[side].next(match, { from: marks[side], signal, what })
      )
    }
    const goDirect = async (): Promise<boolean> => {
      await Promise.all(told(isDirect, 'a direct path', PATIENCE_MS + REASON_TIMEOUT_MS))
      return true
    }
    const giveUp = async (): Promise<boolean> => {
      await Promise.any(told(isFailure(rounds), 'failed rounds', PATIENCE_MS)).catch(
        () => undefined
      )
      await Promise.all(told(isFailure(1), 'why it is not direct', REASON_TIMEOUT_MS))
      return false
    }
    try {
      return await Promise.race([goDirect(), giveUp()])
    } finally {
      over.abort()
    }
  }

  /** A line each, which arrives. */
  async #talk(): Promise<void> {
    const signal = this.#deadline(TALK_TIMEOUT_MS)
    const heard = SIDES.map(async (side) => {
      const member = this.#members[side]
      await member.next('message', { from: member.mark(), signal })
    })
    for (const side of SIDES) order(this.#members[side], { do: 'say', text: `${side} says this` })
    await Promise.all(heard)
  }

  async #leave(side: Side): Promise<void> {
    const member = this.#members[side]
    const from = member.mark()
    order(member, { do: 'leave' })
    await member.next('stopped', { from, signal: this.#deadline(LEAVE_TIMEOUT_MS) })
  }

  #describe(isDirectNow: boolean, newcomer: Side, marks: Marks): Run {
    const since = (side: Side): Watched => ({
      events: this.#members[side].events.slice(marks[side]).filter(isPeerEvent)
    })
    const [anna, ben] = newcomer === 'a' ? [since('a'), since('b')] : [since('b'), since('a')]
    const run: Run = isDirectNow
      ? directRun(newcomer, measuresOf({ anna, ben }))
      : { newcomer, outcome: 'relayed', reasons: reasonsOf(since) }
    if (run.direct?.firstAttempt === true) return run
    return { ...run, told: { a: since('a').events, b: since('b').events } }
  }

  #deadline(timeoutMs: number): AbortSignal {
    return AbortSignal.any([this.#signal, AbortSignal.timeout(timeoutMs)])
  }
}

function startMember(name: string, host: Host): Member {
  const args = ['--import', TELL_CONNECTIONS, MEMBER, name]
  return new Actor(name, host.spawn(process.execPath, args, { stdio: 'pipe' }))
}

async function addressOf(relay: RelayActor, lab: Lab, stop: AbortSignal): Promise<string> {
  const signal = AbortSignal.any([stop, AbortSignal.timeout(START_TIMEOUT_MS)])
  const { peerId } = await relay.next('listening', { signal })
  return `/ip4/${lab.relay.address}/tcp/${RELAY_PORT}/p2p/${peerId}`
}

function order(member: Member, what: Order): void {
  member.say(JSON.stringify(what))
}

function isDirect(told: MemberTold): boolean {
  return told.event === 'path' && told.path === 'direct'
}

/** Both sides count the rounds that one of them starts. */
function isFailure(rounds: number): Match {
  return (told) => isPeerEvent(told) && isFailedPunch(told) && told.attempt >= rounds
}

function isPeerEvent(told: Told<MemberTold>): told is Told<PeerEvent> {
  return told.event !== 'joined'
}

/** The last ones told. */
function reasonsOf(since: (side: Side) => Watched): NonNullable<Run['reasons']> {
  const told = SIDES.flatMap((side) => {
    const reasons = since(side).events.flatMap((each) =>
      each.event === 'punch' ? (each.reason ?? []) : []
    )
    return reasons.slice(-1).map((reason) => [side, reason])
  })
  return Object.fromEntries(told)
}

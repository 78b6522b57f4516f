// Two peers who say numbered lines to each other, at every moment of a scene, and what has to arrive of it.

import assert from 'node:assert/strict'
import type { PeerActor } from '../../../peer/demo/cast.ts'

/** A path of a millisecond carries many lines while another path is looked for. */
const MAX_LINES = 600

interface Side {
  speaker: PeerActor
  listener: PeerActor
  said: string[]
}

export class Dialogue {
  readonly #sides: Side[]

  constructor(anna: PeerActor, ben: PeerActor) {
    this.#sides = [
      { speaker: anna, listener: ben, said: [] },
      { speaker: ben, listener: anna, said: [] }
    ]
  }

  /** Lines said so far, by both together. */
  get lines(): number {
    return this.#sides.reduce((sum, { said }) => sum + said.length, 0)
  }

  /** Each says so many lines at once; resolves when all of them have been heard. */
  async exchange(count: number, signal: AbortSignal): Promise<void> {
    for (const side of this.#sides) for (let n = 0; n < count; n += 1) say(side)
    await Promise.all(this.#sides.map((side) => heard(side, side.said.length, signal)))
  }

  /** Each goes on talking, with a line or two on their way at every moment, until `moved` settles; then all are heard. */
  async talkWhile<T>(moved: Promise<T>, signal: AbortSignal): Promise<T> {
    const stop = new AbortController()
    const talks = this.#sides.map((side) => talk(side, stop.signal, signal))
    try {
      return await Promise.race([moved, Promise.all(talks).then(() => moved)])
    } finally {
      stop.abort()
      await Promise.all(talks)
    }
  }

  /** Resolves when each speaker has been told of the delivery of every line. */
  async acknowledged(signal: AbortSignal): Promise<void> {
    for (const { speaker, said } of this.#sides) {
      const what = `the delivery of ${said.length} lines`
      await speaker.next(() => deliveries(speaker) >= said.length, { signal, what })
    }
  }

  /** Every line arrived once, in order, and nothing else did. */
  assertComplete(): void {
    for (const { speaker, listener, said } of this.#sides) {
      const lines = listener.events.flatMap((told) => (told.event === 'message' ? [told.text] : []))
      assert.deepEqual(lines, said, `${listener.name} heard what ${speaker.name} said`)
    }
  }
}

function deliveries({ events }: PeerActor): number {
  return events.filter((told) => told.event === 'delivered').length
}

async function talk(side: Side, stop: AbortSignal, signal: AbortSignal): Promise<void> {
  say(side)
  while (!stop.aborted && side.said.length < MAX_LINES) {
    say(side)
    await heard(side, side.said.length - 1, signal)
  }
  await heard(side, side.said.length, signal)
}

function say({ speaker, said }: Side): void {
  const line = `${speaker.name} ${said.length + 1}`
  said.push(line)
  speaker.say(line)
}

async function heard({ listener, said }: Side, count: number, signal: AbortSignal): Promise<void> {
  const line = said[count - 1]
  await listener.next((told) => told.event === 'message' && told.text === line, {
    signal,
    what: `"${line}"`
  })
}

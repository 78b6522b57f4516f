// What the demo has shown: every line counted at its listener, the times, and the promises that were not kept. (pure)
import type { PeerEvent } from '../events.ts'

/** One line of the story. `ms` since its beginning. */
export interface Chapter {
  step: string
  text: string
  ms: number
}

export interface Verdict {
  sent: number
  shown: number
  lost: number
  doubled: number
  outOfOrder: number
  /** From the first try to reach the other one, at the slower side. A punch on meeting may be done before a circuit is. */
  relayedMs: number | undefined
  directMs: number | undefined
  /** Sentences; empty when all went as promised. */
  broken: string[]
}

export interface Played {
  said: ReadonlyArray<readonly [speaker: 'alice' | 'bob', text: string]>
  alice: readonly PeerEvent[]
  bob: readonly PeerEvent[]
}

export function verdict({ said, alice, bob }: Played): Verdict {
  const heard = { alice: texts(bob), bob: texts(alice) }
  const bySpeaker = (speaker: 'alice' | 'bob'): string[] =>
    said.flatMap(([who, text]) => (who === speaker ? [text] : []))
  const counts = (['alice', 'bob'] as const).map((speaker) =>
    compare(bySpeaker(speaker), heard[speaker])
  )
  const sum = (pick: (count: Comparison) => number): number =>
    counts.reduce((total, count) => total + pick(count), 0)
  const found = {
    sent: said.length,
    shown: heard.alice.length + heard.bob.length,
    lost: sum(({ lost }) => lost),
    doubled: sum(({ doubled }) => doubled),
    outOfOrder: sum(({ outOfOrder }) => outOfOrder),
    relayedMs: slowest([alice, bob], 'relayed'),
    directMs: slowest([alice, bob], 'direct')
  }
  return { ...found, broken: brokenPromises(found) }
}

function brokenPromises(found: Omit<Verdict, 'broken'>): string[] {
  const promises: Array<[kept: boolean, sentence: string]> = [
    [found.lost === 0, `${found.lost} messages were lost`],
    [found.doubled === 0, `${found.doubled} messages were shown twice`],
    [found.outOfOrder === 0, `${found.outOfOrder} messages came out of order`],
    [found.directMs !== undefined, 'the path did not become direct at both sides']
  ]
  return promises.flatMap(([kept, sentence]) => (kept ? [] : [sentence]))
}

interface Comparison {
  lost: number
  doubled: number
  outOfOrder: number
}

function compare(sent: string[], heard: string[]): Comparison {
  const distinct = [...new Set(heard)]
  const inOrder = sent.filter((text) => distinct.includes(text))
  return {
    lost: sent.length - inOrder.length,
    doubled: heard.length - distinct.length,
    outOfOrder: inOrder.filter((text, place) => distinct[place] !== text).length
  }
}

function texts(events: readonly PeerEvent[]): string[] {
  return events.flatMap((event) => (event.event === 'message' ? [event.text] : []))
}

/** When the slower side had that path; undefined unless both had. */
function slowest(
  sides: Array<readonly PeerEvent[]>,
  kind: 'relayed' | 'direct'
): number | undefined {
  const times = sides.map((events) =>
    events.find((event) => event.event === 'path' && event.path === kind)
  )
  if (times.some((event) => event === undefined)) return undefined
  return Math.max(...times.map((event) => (event?.event === 'path' ? event.ms : 0)))
}

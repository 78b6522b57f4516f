// From what the programs printed to what became of each line. (pure)

import type { Told } from '../../../peer/demo/actor.ts'
import type { PeerEvent } from '../../../peer/events.ts'
import type { Talk } from './tally.ts'

type Event = Told<PeerEvent>

export interface RecordedRun {
  actor: { events: readonly Event[] }
  stored: ReadonlyArray<{ id: string; text: string }>
}

export interface Recorded {
  said: readonly string[]
  runs: readonly RecordedRun[]
  away: Talk['away']
}

/** What `from` said to `to`, whose peer id is `toId`. */
export function talkOf(from: Recorded, to: Recorded, toId: string): Talk {
  const told = from.runs.flatMap(({ actor }) => actor.events)
  return {
    said: from.said,
    sent: told.flatMap((event) => {
      const isTo = event.event === 'sent' && event.to.includes(toId)
      return isTo ? [{ id: event.id, atMs: Date.parse(event.at) }] : []
    }),
    refused: told.filter(isRefusal).length,
    alone: told.filter(isToNobody).length,
    shown: shownBy(to.runs),
    away: [...from.away, ...to.away]
  }
}

/** In the order of the screen; what a killed run had stored and not printed comes behind what it printed. */
export function shownBy(runs: readonly RecordedRun[]): Talk['shown'] {
  const printed = new Set(runs.flatMap(({ actor }) => printedBy(actor.events).map(({ id }) => id)))
  return runs.flatMap(({ actor, stored }) => {
    const unprinted = stored.filter(({ id }) => !printed.has(id))
    for (const { id } of unprinted) printed.add(id)
    return [...printedBy(actor.events), ...unprinted]
  })
}

/** A line was not taken up: one such error for each. */
export function isRefusal(event: Event): boolean {
  return event.event === 'error' && event.code === 'not-sent'
}

/** It was said when there was nobody in the room. */
export function isToNobody(event: Event): boolean {
  return event.event === 'sent' && event.to.length === 0
}

/** All but the talk itself, for the words of a failure: `12.345 anna path {…}`, with the ends of peer ids. */
export function plot(name: string, events: readonly Event[], sinceMs: number): string[] {
  return events.filter(isPlot).map(({ event, at, ...fields }) => {
    const seconds = ((Date.parse(at) - sinceMs) / 1000).toFixed(3).padStart(7)
    const told = JSON.stringify(fields).replaceAll(/12D3KooW\w+(\w{4})/g, '…$1')
    return `${seconds} ${name} ${event} ${told}`
  })
}

const TALK = new Set(['message', 'sent', 'delivered'])

const isPlot = (told: Event): boolean => !TALK.has(told.event) && !isRefusal(told)

function printedBy(events: readonly Event[]): Array<{ id: string; text: string; atMs: number }> {
  return events.flatMap((told) =>
    told.event === 'message' ? [{ id: told.id, text: told.text, atMs: Date.parse(told.at) }] : []
  )
}

// One performance of a scenario, from the building of its network to the last acknowledgement, and what came of it.

import { Player } from './player.ts'
import { isRefusal, isToNobody, plot, shownBy, talkOf } from './record.ts'
import type { Scenario } from './scenario.ts'
import { Stage } from './stage.ts'
import { broken, tallyOf, together, type Tally } from './tally.ts'
import { startTraffic } from './traffic.ts'

/** The talk goes on for so long when the fault is over. */
const AFTERWARDS_MS = 3_000

/** What waited is on its way, and acknowledged; at 10 % loss some is sent again and again. */
const SETTLE_TIMEOUT_MS = 40_000

const LEAVE_TIMEOUT_MS = 20_000

export interface Outcome {
  /** Both directions together; undefined when they did not even meet. */
  tally: Tally | undefined
  /** What was promised and did not happen, in sentences; with it what the programs told. */
  failures: string[]
  plot: string[]
}

/** Rejects only when the signal aborts, or when the network could not be built. */
export async function perform(scenario: Scenario, signal: AbortSignal): Promise<Outcome> {
  const sinceMs = Date.now()
  await using stage = await Stage.open(scenario.setting, signal)
  const failures: string[] = []
  const attempt = async (step: string, doing: () => Promise<void>): Promise<void> => {
    try {
      await doing()
    } catch (error) {
      signal.throwIfAborted()
      failures.push(`${step}: ${firstLine(error)}`)
    }
  }
  await attempt('meanwhile', () => talkThrough(stage, scenario))
  await attempt('afterwards', () => settle(stage))
  await attempt('at the end', () => leave(stage))
  const tallies = stage.players.every(({ talks }) => talks) ? talliesOf(stage) : []
  for (const [who, tally] of tallies) {
    failures.push(...broken(tally, scenario).map((sentence) => `${who}: ${sentence}`))
  }
  return {
    tally: tallies.length === 0 ? undefined : together(tallies.map(([, tally]) => tally)),
    failures,
    plot: stage.players
      .flatMap(({ name, runs }) => runs.flatMap(({ actor }) => plot(name, actor.events, sinceMs)))
      .toSorted((a, b) => Number.parseFloat(a) - Number.parseFloat(b))
  }
}

/** What the programs told last follows in an actor's error; the plot has it in full. */
function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? ''
}

async function talkThrough(stage: Stage, scenario: Scenario): Promise<void> {
  await scenario.before?.(stage)
  await stage.meet()
  const traffic = startTraffic(stage.players)
  try {
    await scenario.happens(stage)
    await stage.wait(AFTERWARDS_MS)
  } finally {
    traffic.stop()
  }
}

/** Everything that was said has been answered, everything that was sent has been acknowledged and shown. */
async function settle(stage: Stage): Promise<void> {
  const signal = stage.deadline(SETTLE_TIMEOUT_MS)
  const { anna, ben } = stage
  await Promise.all([acknowledged(anna, signal), acknowledged(ben, signal)])
  await Promise.all([shown(anna, ben, signal), shown(ben, anna, signal)])
}

async function acknowledged({ now, run }: Player, signal: AbortSignal): Promise<void> {
  const open = new Set<string>()
  let answered = 0
  const what = 'an answer to every line, and the delivery of each that was sent'
  await now.next(
    (told) => {
      if (told.event === 'sent' || isRefusal(told)) answered += 1
      if (told.event === 'sent' && told.to.length > 0) open.add(told.id)
      if (told.event === 'delivered') open.delete(told.id)
      return answered >= run.lines && open.size === 0
    },
    { signal, what }
  )
}

async function shown(from: Player, by: Player, signal: AbortSignal): Promise<void> {
  const { sent } = talkOf(from, by, by.id)
  const missing = new Set(sent.map(({ id }) => id))
  for (const { id } of shownBy(by.runs)) missing.delete(id)
  if (missing.size === 0) return
  await by.next(
    (told) => told.event === 'message' && missing.delete(told.id) && missing.size === 0,
    {
      signal,
      what: `all that ${from.name} has sent`
    }
  )
}

/** Input ends at both: they leave, and say by their exit code whether all that was said was for somebody and arrived. */
async function leave(stage: Stage): Promise<void> {
  for (const { now } of stage.players) now.hangUp()
  for (const { name, now } of stage.players) {
    await now.next('stopped', { signal: stage.deadline(LEAVE_TIMEOUT_MS) })
    const { code } = await now.exited
    const expected = now.events.some((told) => isRefusal(told) || isToNobody(told)) ? 1 : 0
    if (code !== expected) {
      throw new Error(`${name} ended with ${code} instead of ${expected}: ${now.stderr}`)
    }
  }
}

function talliesOf({ anna, ben }: Stage): Array<[string, Tally]> {
  return [
    ['anna to ben', tallyOf(talkOf(anna, ben, ben.id))],
    ['ben to anna', tallyOf(talkOf(ben, anna, anna.id))]
  ]
}

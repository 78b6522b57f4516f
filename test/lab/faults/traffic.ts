// Steady talk of two players: a line every 20 ms each, whatever else happens.

import type { Player } from './player.ts'

/** 50 a second. */
export const LINE_EVERY_MS = 20

/** The players talk from now on, those with `talks`, until it is stopped. */
export function startTraffic(players: readonly Player[]): { stop(): void } {
  const startMs = performance.now()
  let ticks = 0
  const timer = setInterval(() => {
    // A timer that was late makes up for it: the rate is kept.
    for (; ticks * LINE_EVERY_MS < performance.now() - startMs; ticks += 1) {
      for (const player of players) if (player.talks) player.say()
    }
  }, LINE_EVERY_MS)
  return { stop: () => clearInterval(timer) }
}

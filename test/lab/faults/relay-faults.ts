// What goes wrong with relays: they die, restart, are not there yet, or one of two goes.

import {
  direct,
  DIRECT,
  RECONNECT_MS,
  relayed,
  RELAYED,
  SMOOTH_MS,
  SYMMETRIC,
  type Scenario
} from './scenario.ts'

const SECOND_MS = 1000

/** From when the relay has ended to when it listens again: the program takes its second or two to start. */
const STARTING_MS = 5 * SECOND_MS

/** Who has not found a relay for a minute looks less often. */
const SELDOM_MS = 30 * SECOND_MS

export const RELAY_FAULTS: readonly Scenario[] = [
  {
    name: 'kill-direct',
    title: 'the relay is killed, the path is direct',
    setting: DIRECT,
    maxGapMs: SMOOTH_MS,
    happens: async (stage) => {
      await direct(stage)
      await stage.endRelay('SIGKILL')
      await stage.wait(3 * SECOND_MS)
    }
  },
  {
    name: 'kill-relayed',
    title: 'the relay is killed, the path is relayed, and starts 2 s later',
    setting: SYMMETRIC,
    maxGapMs: 2 * SECOND_MS + STARTING_MS + RECONNECT_MS,
    happens: async (stage) => {
      await relayed(stage)
      await stage.endRelay('SIGKILL')
      await stage.wait(2 * SECOND_MS)
      await stage.startRelay()
      await stage.talkAgain()
    }
  },
  restart(5, RECONNECT_MS),
  restart(60, SELDOM_MS),
  {
    name: 'absent',
    title: 'the relay is absent when both peers start, and comes 5 s later',
    setting: { ...DIRECT, withoutRelay: true },
    maxGapMs: SMOOTH_MS,
    before: async (stage) => {
      await stage.wait(5 * SECOND_MS)
      await stage.startRelay()
    },
    happens: direct
  },
  {
    name: 'one-of-two-relayed',
    title: 'the one of two relays that carries the talk is killed',
    setting: { ...SYMMETRIC, relays: 2 },
    maxGapMs: RECONNECT_MS,
    happens: async (stage) => {
      await relayed(stage)
      await stage.endRelay('SIGKILL', stage.relayOf(stage.anna))
      await stage.talkAgain()
    }
  },
  {
    name: 'one-of-two-direct',
    title: 'one of two relays is killed, the path is direct',
    setting: { ...DIRECT, relays: 2 },
    maxGapMs: SMOOTH_MS,
    happens: async (stage) => {
      await direct(stage)
      await stage.endRelay('SIGKILL')
      await stage.wait(3 * SECOND_MS)
    }
  }
]

function restart(seconds: number, findingMs: number): Scenario {
  return {
    name: `restart-${seconds}`,
    title: `the relay stops and starts ${seconds} s later, the path is relayed`,
    setting: RELAYED,
    maxGapMs: seconds * SECOND_MS + STARTING_MS + findingMs,
    happens: async (stage) => {
      await relayed(stage)
      await stage.endRelay('SIGTERM')
      await stage.wait(seconds * SECOND_MS)
      await stage.startRelay()
      await stage.talkAgain()
    }
  }
}

// What goes wrong between the peers: paths that come, go, lose packets, or lead elsewhere all of a sudden.

import {
  behind,
  direct,
  DIRECT,
  QUIET_MS,
  RECOVERY_MS,
  SMOOTH_MS,
  type Scenario
} from './scenario.ts'
import { DIRECT_TIMEOUT_MS, type Stage } from './stage.ts'

const CUT_MS = 5_000

/** Is no port that a program chooses by itself. */
const ANOTHER_PORT = 20_202

const cut = async ({ lab }: Stage): Promise<void> => lab.a.dropBetween(lab.b)

const mend = async ({ lab }: Stage): Promise<void> => lab.a.passAgain()

export const PATH_FAULTS: readonly Scenario[] = [
  {
    name: 'move',
    title: 'the path moves from relayed to direct',
    setting: DIRECT,
    maxGapMs: SMOOTH_MS,
    // Else the move would be over before there is any talk to speak of.
    before: cut,
    happens: async (stage) => {
      await stage.have('relayed')
      await stage.wait(QUIET_MS)
      await mend(stage)
      await direct(stage)
    }
  },
  {
    name: 'cut',
    title: 'the direct connection is cut silently for 5 s',
    setting: DIRECT,
    maxGapMs: RECOVERY_MS,
    happens: async (stage) => {
      await direct(stage)
      await cut(stage)
      await stage.wait(CUT_MS)
      await mend(stage)
      await stage.talkAgain()
      await stage.have('direct')
    }
  },
  {
    name: 'cut-for-good',
    title: 'the direct connection is cut silently for good',
    setting: DIRECT,
    maxGapMs: RECOVERY_MS,
    happens: async (stage) => {
      await direct(stage)
      await cut(stage)
      await stage.talkAgain()
      await stage.have('relayed')
    }
  },
  {
    name: 'cut-and-kill',
    title: 'the relay is killed and the direct connection cut, both for 5 s',
    setting: DIRECT,
    maxGapMs: CUT_MS + RECOVERY_MS,
    happens: async (stage) => {
      await direct(stage)
      await Promise.all([cut(stage), stage.endRelay('SIGKILL')])
      await stage.wait(CUT_MS)
      await Promise.all([mend(stage), stage.startRelay()])
      await stage.talkAgain()
      await stage.have('direct')
    }
  },
  {
    name: 'renumber',
    title: "a peer's NAT forgets its mappings and gives new ports",
    setting: DIRECT,
    maxGapMs: RECOVERY_MS,
    happens: async (stage) => {
      await direct(stage)
      await stage.lab.a.renumber(stage.anna.port, ANOTHER_PORT)
      await stage.talkAgain()
      await stage.ben.hasWayTo(ANOTHER_PORT, stage.deadline(DIRECT_TIMEOUT_MS))
      await stage.have('direct')
    }
  },
  {
    name: 'loss',
    title: 'every tenth packet is lost, all the time',
    setting: { build: behind('drop', 'drop', 10) },
    maxGapMs: RECOVERY_MS,
    happens: async (stage) => {
      await stage.have('direct')
      await stage.wait(CUT_MS)
      await stage.talkAgain()
    }
  }
]

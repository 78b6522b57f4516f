// What goes wrong with a peer itself: killed, stopped, or without room on its disk.

import { direct, DIRECT, RECOVERY_MS, type Scenario } from './scenario.ts'

const START_TIMEOUT_MS = 40_000

/** Room for the database and its log, which grows to 4 MiB. */
const DISK_KIB = 16 * 1024

const FULL_MS = 4_000

/** The log has room left in it when the disk has none: it takes some commits until somebody notices. */
const NOTICED_WITHIN_MS = 30_000

export const PEER_FAULTS: readonly Scenario[] = [
  {
    name: 'kill-peer',
    title: 'a peer is killed and started again',
    setting: DIRECT,
    maxGapMs: RECOVERY_MS,
    kills: true,
    leaves: true,
    happens: async (stage) => {
      await direct(stage)
      await stage.anna.killAndRestart(stage.deadline(START_TIMEOUT_MS))
      await stage.talkAgain()
    }
  },
  {
    name: 'stop-peer',
    title: 'a peer is stopped for 30 s',
    setting: DIRECT,
    maxGapMs: RECOVERY_MS,
    leaves: true,
    happens: async (stage) => {
      await direct(stage)
      await stage.ben.stopWhile(stage.wait(30_000))
      await stage.talkAgain()
    }
  },
  {
    name: 'full-disk',
    title: "a peer's disk is full for 4 s",
    setting: { ...DIRECT, benDiskKib: DISK_KIB },
    maxGapMs: FULL_MS + RECOVERY_MS,
    refuses: true,
    happens: async (stage) => {
      await direct(stage)
      const signal = stage.deadline(NOTICED_WITHIN_MS)
      const noticed = stage.ben.next(
        (told) => told.event === 'error' && told.code === 'store-full',
        { signal, what: 'that its disk is full' }
      )
      await Promise.all([stage.disk?.fill(), noticed])
      await stage.wait(FULL_MS)
      await stage.disk?.free()
      await stage.talkAgain()
    }
  }
]

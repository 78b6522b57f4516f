// What goes wrong with a peer itself: killed, stopped, or without room on its disk.

import { isRefusal } from './record.ts'
import { direct, DIRECT, RECOVERY_MS, type Scenario } from './scenario.ts'

const START_TIMEOUT_MS = 40_000

/** So long it talks into the void before it is killed. */
const CUT_OFF_MS = 1_000

/** Room for the database and its log, which grows to 4 MiB. */
const DISK_KIB = 16 * 1024

const FULL_MS = 4_000

/** The log has room left in it when the disk has none: it takes some commits until somebody notices. */
const NOTICED_WITHIN_MS = 30_000

export const PEER_FAULTS: readonly Scenario[] = [
  {
    name: 'kill-peer',
    title: 'a peer is killed, 1 s after its network was cut off, and started again',
    setting: DIRECT,
    maxGapMs: RECOVERY_MS,
    kills: true,
    leaves: true,
    happens: async (stage) => {
      await direct(stage)
      // Else next to nothing would be on its way in that moment, and a peer without a memory would do as well.
      await stage.lab.a.cut()
      await stage.wait(CUT_OFF_MS)
      await stage.anna.kill()
      await stage.lab.a.restore()
      await stage.anna.restart(stage.deadline(START_TIMEOUT_MS))
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
      const noticed = stage.ben.next(isRefusal, { signal, what: 'that it takes no line' })
      await Promise.all([stage.disk?.fill(), noticed])
      await stage.wait(FULL_MS)
      await stage.disk?.free()
      await stage.talkAgain()
    }
  }
]

// What tries to make circuits direct, with rounds that the test decides, circuits that are nothing else, and its clock.
import type { TestContext } from 'node:test'
import type { Connection } from '@libp2p/interface'
import type { RoundResult } from '../../peer/traversal/punch.ts'
import { Upgrades } from '../../peer/traversal/upgrades.ts'
import { type FakeClock, fakeClock } from './fake-clock.ts'

export interface UpgradeScene {
  upgrades: Upgrades
  clock: FakeClock
  /** The attempts of the rounds so far, and when they were. */
  rounds: Array<[attempt: number, atMs: number]>
  circuit: Connection
  /** By which each round went. */
  by: Connection[]
  close: () => void
  direct: boolean
  /** There is no place for a round. */
  full: boolean
  /** NATs answer RST. */
  sawRst: boolean
  /** Rounds become direct; called before one returns. */
  becameDirect: (() => void) | undefined
}

/** Open, and without limits. */
export function circuitToBen(): Connection {
  const events = new EventTarget()
  return Object.assign(Object.create(null), {
    status: 'open',
    remotePeer: 'ben',
    addEventListener: events.addEventListener.bind(events),
    removeEventListener: events.removeEventListener.bind(events),
    dispatchEvent: events.dispatchEvent.bind(events)
  })
}

export function closeCircuit(circuit: Connection, status: Connection['status'] = 'closed'): void {
  circuit.status = status
  circuit.dispatchEvent(new Event('close'))
}

export function upgradeScene(t: TestContext): UpgradeScene {
  const clock = fakeClock(t)
  const stop = new AbortController()
  t.after(() => stop.abort())
  const circuit = circuitToBen()
  const rounds: UpgradeScene['rounds'] = []
  const by: Connection[] = []
  const init = {
    isDirect: () => all.direct,
    round: async (used: Connection, attempt: number): Promise<RoundResult | undefined> => {
      if (all.full) return undefined
      rounds.push([attempt, clock.nowMs])
      by.push(used)
      const { sawRst, becameDirect } = all
      const round: Omit<RoundResult, 'outcome'> = {
        via: 'dcutr',
        role: 'initiator',
        candidates: [],
        ms: 1
      }
      if (becameDirect === undefined)
        return { ...round, outcome: 'failed', reason: 'no way', sawRst }
      all.direct = true
      becameDirect()
      return { ...round, outcome: 'direct' }
    }
  }
  const upgrades = new Upgrades(init, stop.signal)
  const close = (): void => closeCircuit(circuit)
  const parts = { upgrades, clock, rounds, circuit, by, close }
  const state = { direct: false, full: false, sawRst: false, becameDirect: undefined }
  const all: UpgradeScene = { ...parts, ...state }
  return all
}

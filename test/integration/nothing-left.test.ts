// What punches, refusals and stopped peers leave behind: no sockets, no listeners, no timers that hold the process.
import assert from 'node:assert/strict'
import { readdirSync, readlinkSync } from 'node:fs'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { multiaddr } from '@multiformats/multiaddr'
import { MAX_SOCKETS } from '../../peer/traversal/guess-plan.ts'
import { Guessing } from '../../peer/traversal/guessing.ts'
import type { TransportDial } from '../../peer/traversal/punch.ts'
import { SocketBudget } from '../../peer/traversal/socket-budget.ts'
import { encodeNatReport } from '../../shared/wire/nat-report.ts'
import {
  becomesDirect,
  dialThrough,
  patience,
  startBoundNode,
  startPuncher
} from '../support/punchers.ts'
import { CONE, RANDOM } from '../support/reports.ts'
import { silentServer } from '../support/silent-server.ts'
import { relayScene } from '../support/relay-scene.ts'
import { guest, roomScene } from '../support/room-scene.ts'

const DESCRIPTORS = '/proc/self/fd'

/** Sockets that this process has open, those that Node knows nothing of included. */
function openSockets(): number {
  return readdirSync(DESCRIPTORS).filter((name) => {
    try {
      return readlinkSync(`${DESCRIPTORS}/${name}`).startsWith('socket:')
    } catch {
      return false // the one that lists them
    }
  }).length
}

const handles = (): string[] =>
  process.getActiveResourcesInfo().filter((kind) => /TCP|Connect|Timeout/.test(kind))

function skipWithoutProc(test: TestContext): boolean {
  if (process.platform === 'linux') return false
  test.skip('there is no /proc to count descriptors in')
  return true
}

/** Looks until nothing is left, or for so long; then says what is. */
async function settlesAt<Left>(look: () => Left, isFine: (left: Left) => boolean): Promise<Left> {
  const signal = patience()
  while (!isFine(look()) && !signal.aborted) await sleep(20)
  return look()
}

describe('nothing is left behind', () => {
  it('by twenty punches and their nodes', async (t) => {
    if (skipWithoutProc(t)) return
    const socketsBefore = openSockets()
    const handlesBefore = handles().length
    {
      await using scene = await relayScene()
      await using ann = await startPuncher(scene.address)
      await using ben = await startPuncher(scene.address)
      const socketsUp = openSockets()
      for (let round = 1; round <= 20; round += 1) {
        const [from, to] = round % 2 === 0 ? [ann, ben] : [ben, ann]
        const circuit = await dialThrough(scene.address, from, to)
        const direct = await Promise.all([becomesDirect(from, to), becomesDirect(to, from)])
        await Promise.all([
          ann.rounds.until(() => ann.rounds.events.length === round),
          ben.rounds.until(() => ben.rounds.events.length === round)
        ])
        await Promise.all([...direct, circuit].map(async (each) => each.close()))
        const connections = (): number =>
          ann.node.getConnections(ben.node.peerId).length +
          ben.node.getConnections(ann.node.peerId).length
        await settlesAt(connections, (left) => left === 0)
      }
      const afterRounds = await settlesAt(openSockets, (left) => left <= socketsUp)
      assert.ok(afterRounds <= socketsUp, `${afterRounds} sockets, ${socketsUp} before the rounds`)
      assert.equal(ann.punches.match(ben.address), undefined, 'the table of punches is empty')
    }
    assert.equal(await settlesAt(openSockets, (left) => left <= socketsBefore), socketsBefore)
    const left = await settlesAt(handles, ({ length }) => length <= handlesBefore)
    assert.ok(left.length <= handlesBefore, left.join())
  })

  it('by a hundred volleys, refused ones and ones that a silent remote takes', async (t) => {
    if (skipWithoutProc(t)) return
    await using dialler = await startBoundNode()
    const dial: TransportDial = async (address, options) =>
      dialler.transportManager.dial(address, options)
    await using server = await silentServer('127.0.0.3')
    const [socketsBefore, handlesBefore] = [openSockets(), handles().length]
    const sockets = new SocketBudget(async () => Infinity)
    for (let n = 0; n < 100; n += 1) {
      const port = n % 2 === 0 ? server.port : 9
      const proven = { host: '127.0.0.3', port }
      const nat = {
        prepare: () => undefined,
        report: async () => RANDOM,
        provenAddress: async () => proven
      }
      const guessing = new Guessing({ nat, dial, listening: () => [dialler.address], sockets })
      using round = guessing.round(dialler.node.peerId)
      await round.report(patience())
      round.heard(encodeNatReport(CONE))
      const candidates = [multiaddr(`/ip4/127.0.0.3/tcp/${port}`)]
      await round.start({ candidates, mapped: [], initiator: n % 3 === 0, rttMs: 0 })
      const count = (): number => round.evidence.count?.[port === 9 ? 'fired' : 'connected'] ?? 0
      assert.ok((await settlesAt(count, (so) => so > 20)) > 20, JSON.stringify(round.evidence))
    }
    const here = await settlesAt(
      () => server.here,
      (left) => left === 0
    )
    assert.equal(here, 0, 'the remote holds none')
    const left = await settlesAt(openSockets, (open) => open <= socketsBefore)
    assert.ok(left <= socketsBefore, `${left} sockets, ${socketsBefore} before`)
    const held = await settlesAt(handles, ({ length }) => length <= handlesBefore)
    assert.ok(held.length <= handlesBefore, held.join())
    using grant = await sockets.take()
    assert.equal(grant.sockets, MAX_SOCKETS, 'all sockets were given back')
  })

  it('by peers that met, talked and left', async (t) => {
    if (skipWithoutProc(t)) return
    const [socketsBefore, handlesBefore] = [openSockets(), handles().length]
    for (let times = 0; times < 3; times += 1) {
      await using scene = await roomScene()
      const [ann, ben] = [await scene.join('ann'), await scene.join('ben')]
      await scene.introductions(ann, ben)
      ann.peer.send('hello')
      await ben.hears(1)
    }
    assert.equal(await settlesAt(openSockets, (left) => left <= socketsBefore), socketsBefore)
    const left = await settlesAt(handles, ({ length }) => length <= handlesBefore)
    assert.ok(left.length <= handlesBefore, left.join())
  })

  it('by peers that got no place, or could not start', async (t) => {
    if (skipWithoutProc(t)) return
    await using scene = await relayScene({ reservations: 0 })
    const [socketsBefore, handlesBefore] = [openSockets(), handles().length]
    for (let times = 0; times < 2; times += 1) {
      await using ann = await guest([scene.address], 'ann')
      assert.equal(ann.peer.relays[0]?.state, 'refused')
      await assert.rejects(guest(['hello'], 'ann'))
    }
    assert.equal(await settlesAt(openSockets, (left) => left <= socketsBefore), socketsBefore)
    const left = await settlesAt(handles, ({ length }) => length <= handlesBefore)
    assert.ok(left.length <= handlesBefore, left.join())
  })
})

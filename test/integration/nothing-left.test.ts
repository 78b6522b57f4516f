// What punches, refusals and stopped peers leave behind: no sockets, no listeners, no timers that hold the process.
import assert from 'node:assert/strict'
import { readdirSync, readlinkSync } from 'node:fs'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { multiaddr } from '@multiformats/multiaddr'
import { Guessing } from '../../peer/traversal/guessing.ts'
import type { Signed } from '../../peer/traversal/meeting-punches.ts'
import type { TransportDial } from '../../peer/traversal/punch.ts'
import { SocketBudget } from '../../peer/traversal/socket-budget.ts'
import { encodeNatReport } from '../../shared/wire/nat-report.ts'
import {
  becomesDirect,
  dialThrough,
  echoes,
  patience,
  startBoundNode,
  startPuncher,
  type Puncher
} from '../support/punchers.ts'
import { annAndBen, onlyGuesses } from '../support/guessers.ts'
import { freePort } from '../support/relay-at.ts'
import { CONE, RANDOM } from '../support/reports.ts'
import { silentServer } from '../support/silent-server.ts'
import { somebody } from '../support/somebody.ts'
import { relayScene } from '../support/relay-scene.ts'
import { guest, roomScene } from '../support/room-scene.ts'
import { victim } from '../support/victim.ts'
import { needs } from '../support/left-out.ts'

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

/** How many of each kind: file descriptors, and what Node keeps open. */
function held(): Record<string, number> {
  const counts: Record<string, number> = { descriptors: readdirSync(DESCRIPTORS).length }
  for (const kind of handles()) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}

/** Looks until so many looks in a row have seen the same: what starts has deadlines, which end with it. */
async function quiet<Left>(look: () => Left): Promise<Left> {
  const signal = patience()
  let seen = look()
  for (let same = 0; same < 50 && !signal.aborted;) {
    await sleep(20)
    const next = look()
    same = isDeepStrictEqual(next, seen) ? same + 1 : 0
    seen = next
  }
  return seen
}

const connectionsOf = (one: Puncher, other: Puncher): number =>
  one.node.getConnections(other.node.peerId).length

const signedBy = ({ node, address }: Puncher): Signed => ({
  peer: node.peerId,
  addresses: [address],
  sequence: Date.now()
})

/** Descriptors are counted in /proc. */
const NO_PROC = needs(process.platform === 'linux', 'there is no /proc to count descriptors in')

/** Looks until nothing is left, or for so long; then says what is. */
async function settlesAt<Left>(
  look: () => Left,
  isFine: (left: Left) => boolean,
  signal = patience()
): Promise<Left> {
  while (!isFine(look()) && !signal.aborted) await sleep(20)
  return look()
}

describe('nothing is left behind', { skip: NO_PROC }, () => {
  it('by twenty punches and their nodes', async () => {
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

  it('by a hundred punches on meeting, whether they come to something or not', async () => {
    // Each look at the clock is a minute later: nobody has had too many.
    let minutes = 0
    const nowMs = (): number => (minutes += 1) * 60_000
    await using scene = await relayScene()
    await using ann = await startPuncher(scene.address, { nowMs })
    await using ben = await startPuncher(scene.address, { nowMs })
    await using silent = await victim()
    await using rude = await victim({ hangsUp: true })
    const nobody = `/ip4/127.0.0.1/tcp/${await freePort()}`
    const before = await quiet(held)

    for (let punches = 1; punches <= 84; punches += 1) {
      ann.traversal.meet(signedBy(ben))
      ben.traversal.meet(signedBy(ann))
      const direct = await Promise.all([becomesDirect(ann, ben), becomesDirect(ben, ann)])
      for (const { rounds } of [ann, ben])
        await rounds.until(() => rounds.events.length === punches)
      for (const connection of direct) connection.abort(new Error('on to the next one'))
      await settlesAt(
        () => connectionsOf(ann, ben) + connectionsOf(ben, ann),
        (left) => left === 0
      )
      // A punch is over a turn after it is told.
      await sleep(1)
    }
    assert.ok(
      ann.rounds.events.every(({ outcome, via }) => outcome === 'direct' && via === 'meeting')
    )

    for (let failures = 1; failures <= 16; failures += 1) {
      const addresses = [silent.address, rude.address, nobody].map((each) => multiaddr(each))
      const peer = await somebody()
      ann.traversal.meet({ peer, addresses, sequence: Date.now() })
    }
    const failed = await ann.rounds.until(() => {
      const found = ann.rounds.events.filter(({ outcome }) => outcome === 'failed')
      return found.length === 16 && found
    })
    assert.ok(failed.every(({ via }) => via === 'meeting'))
    assert.ok(silent.knocks > 0 && rude.knocks > 0)

    const after = await settlesAt(held, (left) => isDeepStrictEqual(left, before))
    assert.deepEqual(after, before)
    for (const address of [ben.address, silent.address, rude.address, nobody])
      assert.equal(ann.punches.match(multiaddr(address)), undefined)
  })

  it('but one connection where many guesses got through', async () => {
    await using scene = await relayScene()
    await using pair = await annAndBen(scene.address, onlyGuesses)
    const { ann, ben } = pair
    const before = await quiet(openSockets)
    // A circuit is a stream on connections that stand: no sockets of its own.
    await dialThrough(scene.address, ann, ben)
    const direct = await Promise.all([becomesDirect(ann, ben), becomesDirect(ben, ann)])
    const rounds = await Promise.all([ann, ben].map(async (one) => one.rounds.first(() => true)))
    const connected = rounds.map(({ guess }) => guess?.count?.connected ?? 0)
    assert.ok(
      Math.max(...connected) > 1,
      `${connected.join()} connected: there was nothing to close`
    )
    // At once: after ten seconds the other side gives up those that say nothing.
    const soon = AbortSignal.timeout(5_000)
    const after = await settlesAt(openSockets, (left) => left <= before + 2, soon)
    assert.equal(after, before + 2, 'one socket at either side')
    await Promise.all(direct.map(async (connection) => echoes(connection)))
  })

  it('by a hundred volleys, refused ones and ones that a silent remote takes', async () => {
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
        doubt: () => undefined,
        report: async () => RANDOM,
        provenAddress: async () => proven
      }
      const guessing = new Guessing({ nat, dial, localEnd: dialler.localEnd, sockets })
      using round = guessing.round(dialler.node.peerId)
      await round.report(patience())
      round.heard(encodeNatReport(CONE))
      const candidates = [multiaddr(`/ip4/127.0.0.3/tcp/${port}`)]
      await round.start({ candidates, mapped: [], initiator: n % 3 === 0, rttMs: 0, inVainMs: 0 })
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
    const busy = await settlesAt(handles, ({ length }) => length <= handlesBefore)
    assert.ok(busy.length <= handlesBefore, busy.join())
    using grant = await sockets.take(Infinity, { signal: patience() })
    assert.equal(grant.sockets, grant.alone, 'all sockets were given back')
  })

  it('by peers that met, talked and left', async () => {
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

  it('by peers that got no place, or could not start', async () => {
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

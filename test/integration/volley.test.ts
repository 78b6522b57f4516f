// Volleys of a round of guesses, at real sockets on loopback: how many, how fast, and that nothing is left of them.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { GuessRound } from '../../peer/traversal/guessing.ts'
import { HOLD_MS } from '../../peer/traversal/head-start.ts'
import { BATCH } from '../../peer/traversal/volley-pace.ts'
import { eventually } from '../support/eventually.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { at, fewSockets, firing, guessingIn, THERE } from '../support/guess-rounds.ts'
import { startBoundNode } from '../support/punchers.ts'
import { block, CONE, RANDOM } from '../support/reports.ts'
import { refusingPort, silentServer } from '../support/silent-server.ts'
import { somebody } from '../support/somebody.ts'

describe('a volley', () => {
  it('at a remote that completes TCP and says nothing: no more than it may hold, and all closed at its end', async () => {
    await using server = await silentServer(THERE)
    const startedMs = performance.now()
    const patient = guessingIn({
      own: block(5_000, 3),
      sockets: fewSockets(20),
      proven: { host: THERE, port: server.port }
    })
    using volley = await firing(patient, {
      peer: await somebody(),
      theirs: { ...CONE, sockets: 65_535 },
      candidates: [at(server.port)]
    })
    await eventually(
      () => server.here,
      (here) => here >= 20
    )
    // Long enough for the pause after a connection, so that more would come if more were allowed.
    await eventually(
      () => performance.now() - startedMs,
      (ms) => ms > 1_600
    )
    assert.deepEqual([server.came, server.here], [20, 20])
    volley[Symbol.dispose]()
    await eventually(
      () => server.here,
      (here) => here === 0
    )
  })

  it('leaves from where we listen, also when that is one address of several', async () => {
    await using server = await silentServer(THERE)
    await using node = await startBoundNode({ listen: '/ip4/127.0.0.5/tcp/0' })
    const guessing = guessingIn({
      own: CONE,
      proven: { host: THERE, port: server.port },
      localEnd: node.localEnd
    })
    using round = await firing(guessing, {
      peer: await somebody(),
      theirs: block(server.port, 3),
      candidates: [at(server.port)]
    })
    await eventually(
      () => server.came,
      (came) => came > 0
    )
    assert.deepEqual([...server.hosts], ['127.0.0.5'])
    assert.equal(round.evidence.withheld, undefined)
  })

  it('fires a batch and not everything at once', async () => {
    await using server = await silentServer(THERE)
    const guessing = guessingIn({ own: RANDOM, proven: { host: THERE, port: server.port } })
    using round = await firing(guessing, {
      peer: await somebody(),
      theirs: CONE,
      candidates: [at(server.port)]
    })
    await eventually(
      () => round.evidence.count?.fired ?? 0,
      (fired) => fired > 0
    )
    assert.equal(round.evidence.count?.fired, BATCH)
  })

  it('waits longer where one side has no NAT, because ordinary dials are likely to do', async () => {
    await using server = await silentServer(THERE)
    const guessing = guessingIn({
      own: { ...CONE, mapping: 'none' },
      proven: { host: THERE, port: 4001 }
    })
    using round = await firing(guessing, {
      peer: await somebody(),
      theirs: block(server.port, 3),
      rttMs: 50
    })
    const startedMs = performance.now()
    await eventually(
      () => server.came,
      (came) => came > 0
    )
    assert.ok(performance.now() - startedMs > 140)
    assert.equal(round.evidence.withheld, undefined)
  })

  it('does not wait so long where ordinary dials have had their time since the moment of meeting', async (t) => {
    const clock = fakeClock(t)
    const guessing = guessingIn({
      own: { ...CONE, mapping: 'none' },
      proven: { host: THERE, port: 4001 }
    })
    const after = async (inVainMs: number): Promise<GuessRound> =>
      firing(guessing, { peer: await somebody(), theirs: block(5_000, 3), rttMs: 300, inVainMs })
    using late = await after(5_000)
    using early = await after(0)
    await clock.pass(300, 10)
    assert.ok(late.evidence.count !== undefined)
    assert.equal(early.evidence.count, undefined)
  })

  it('is over with its round, also when it was about to begin', async () => {
    await using server = await silentServer(THERE)
    const guessing = guessingIn({ own: RANDOM, proven: { host: THERE, port: server.port } })
    using round = await firing(guessing, {
      peer: await somebody(),
      theirs: CONE,
      candidates: [at(server.port)],
      rttMs: 30
    })
    round[Symbol.dispose]()
    await sleep(60)
    assert.deepEqual([server.came, round.evidence.count], [0, undefined])
  })
})

const firedBy = ({ evidence }: GuessRound): number => evidence.count?.fired ?? 0

describe('a volley where an ordinary dial has connected', () => {
  it('waits, also when that was before it could be fired', async (t) => {
    const clock = fakeClock(t)
    const port = await refusingPort(THERE)
    using round = await firing(guessingIn({ own: RANDOM, proven: { host: THERE, port } }), {
      peer: await somebody(),
      theirs: CONE,
      connected: [at(4001)]
    })
    await clock.pass(HOLD_MS - 10, 10)
    assert.equal(firedBy(round), 0)
    round.connected(at(4001))
    await clock.pass(10)
    assert.equal(firedBy(round), BATCH)
  })

  for (const [what, there, waitsMs] of [
    ['waits longer than its head start, once', THERE, 50 + HOLD_MS],
    ['does not wait for what is elsewhere', '127.0.0.9', 100]
  ] as const) {
    it(what, async (t) => {
      const clock = fakeClock(t)
      const port = await refusingPort(THERE)
      using round = await firing(guessingIn({ own: RANDOM, proven: { host: THERE, port } }), {
        peer: await somebody(),
        theirs: CONE,
        rttMs: 100
      })
      await clock.pass(50, 10)
      round.connected(at(4001, there))
      await clock.pass(40, 10)
      round.connected(at(4001, there))
      await clock.pass(waitsMs - 100, 10)
      assert.equal(firedBy(round), 0)
      await clock.pass(10)
      assert.equal(firedBy(round), BATCH)
    })
  }

  it('pauses when it is under way, once', async (t) => {
    const clock = fakeClock(t)
    const port = await refusingPort(THERE)
    using round = await firing(guessingIn({ own: RANDOM, proven: { host: THERE, port } }), {
      peer: await somebody(),
      theirs: CONE
    })
    round.connected(at(4001, '127.0.0.9'))
    round.connected(at(4001))
    await clock.pass(HOLD_MS - 10, 10)
    assert.equal(firedBy(round), BATCH)
    round.connected(at(4001))
    await clock.pass(200, 10)
    assert.ok(firedBy(round) > BATCH)
  })
})

// Guessing ports, with real sockets on loopback: two peers that meet so, and others who want to make us fire.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import type { PeerId } from '@libp2p/interface'
import { Guessing } from '../../peer/traversal/guessing.ts'
import { HOLD_MS } from '../../peer/traversal/head-start.ts'
import type { TransportDial } from '../../peer/traversal/punch.ts'
import type { SocketBudget } from '../../peer/traversal/socket-budget.ts'
import { encodeNatReport, type NatReport } from '../../shared/wire/nat-report.ts'
import { EventLog } from '../support/event-log.ts'
import { eventually } from '../support/eventually.ts'
import { at, fewSockets, firing, guessingIn, THERE } from '../support/guess-rounds.ts'
import { annAndBen, onlyGuesses } from '../support/guessers.ts'
import { becomesDirect, dialThrough, echoes, patience, startPuncher } from '../support/punchers.ts'
import { relayScene } from '../support/relay-scene.ts'
import { block, CONE, RANDOM } from '../support/reports.ts'
import { refusingPort, silentServer } from '../support/silent-server.ts'
import { somebody } from '../support/somebody.ts'

/** What a punch would have now, or after a wait for what others leave. */
async function freeOf(budget: SocketBudget): Promise<number> {
  using grant = await budget.take(Infinity, { signal: patience() })
  return grant.sockets
}

/** As when the peer takes its time with the handshake. */
const connectsAndHangs =
  (own: TransportDial): TransportDial =>
  async (address, options) => {
    if (options.socket !== undefined) return own(address, options)
    setImmediate(() => options.onConnect?.())
    await once(options.signal, 'abort')
    throw options.signal.reason
  }

const nobodyIsThere: TransportDial = async () => {
  throw new Error('nobody is there')
}

describe('two peers of whom one changes ports', () => {
  it('become direct by guesses alone, and say something', async () => {
    await using scene = await relayScene()
    await using pair = await annAndBen(scene.address, onlyGuesses)
    const { ann, ben } = pair
    await dialThrough(scene.address, ann, ben)
    const [annToBen, benToAnn] = await Promise.all([
      becomesDirect(ann, ben),
      becomesDirect(ben, ann)
    ])
    await Promise.all([echoes(annToBen), echoes(benToAnn)])
    const { attempt, outcome, guess } = await ben.rounds.first(() => true)
    assert.deepEqual(
      [attempt, outcome, guess?.own?.ports, guess?.other?.ports],
      [1, 'direct', 'preserved', 'block']
    )
  })

  it('look at their NATs again when a punch has failed', async () => {
    await using scene = await relayScene()
    const doubted = new EventLog<'doubt'>()
    const nat = {
      prepare: () => undefined,
      doubt: () => doubted.note('doubt'),
      report: async () => undefined,
      provenAddress: async () => undefined
    }
    await using ann = await startPuncher(scene.address, {
      dial: () => nobodyIsThere,
      guessing: (dial) => new Guessing({ nat, dial, localEnd: () => undefined })
    })
    await using ben = await startPuncher(scene.address, { dial: () => nobodyIsThere })
    await dialThrough(scene.address, ann, ben)
    await doubted.first(() => true)
    assert.equal((await ann.rounds.first(() => true)).outcome, 'failed')
  })

  it('wait for what an ordinary dial comes to that has connected', async () => {
    await using scene = await relayScene()
    await using pair = await annAndBen(scene.address, connectsAndHangs)
    const { ann, ben } = pair
    const startedMs = performance.now()
    await dialThrough(scene.address, ann, ben)
    await Promise.all([becomesDirect(ann, ben), becomesDirect(ben, ann)])
    assert.ok(performance.now() - startedMs >= HOLD_MS)
  })
})

describe('nothing is fired', () => {
  const proven = { host: THERE, port: 4001 }

  it('at an address that no relay of ours vouches for', async () => {
    await using server = await silentServer(THERE)
    using round = await firing(guessingIn({ own: CONE }), {
      peer: await somebody(),
      theirs: block(server.port, 3),
      candidates: [at(server.port)]
    })
    assert.deepEqual([round.evidence.withheld, round.evidence.count], ['unproven', undefined])
    assert.equal(server.came, 0)
  })

  it('at a host that a relay vouches for, but the other side does not offer', async () => {
    const candidates = Array.from({ length: 12 }, (_, n) => at(4001, `127.0.1.${n}`))
    const theirs = RANDOM
    using round = await firing(guessingIn({ own: CONE, proven }), {
      peer: await somebody(),
      theirs,
      candidates
    })
    assert.deepEqual([round.evidence.withheld, round.evidence.count], ['unproven', undefined])
  })

  it('at our own public address', async () => {
    const mapped = [at(4002)]
    using round = await firing(guessingIn({ own: CONE, proven }), {
      peer: await somebody(),
      theirs: RANDOM,
      mapped
    })
    assert.deepEqual([round.evidence.withheld, round.evidence.count], ['same-host', undefined])
  })

  it('without enough descriptors, nor for a peer that claims to have none', async () => {
    using round = await firing(guessingIn({ own: CONE, proven, sockets: fewSockets(90) }), {
      peer: await somebody(),
      theirs: { ...RANDOM, sockets: 65_535 }
    })
    const { plan, count, shortage } = round.evidence
    assert.equal(plan?.kind === 'hopeless' && plan.why, 'few-sockets')
    assert.deepEqual([count, shortage], [undefined, 'open-files'])
  })

  it('for a peer that asks in a loop, nor for its host, whoever asks, beyond their share of an hour', async () => {
    const guessing = guessingIn({
      own: { ...RANDOM, ports: 'block', seenPorts: [5_000, 5_001] },
      proven
    })
    const fired = async (peer: PeerId, times: number): Promise<number> => {
      let count = 0
      for (let n = 0; n < times; n += 1) {
        using round = await firing(guessing, { peer, theirs: CONE })
        if (round.evidence.withheld === undefined) count += 1
        else assert.equal(round.evidence.withheld, 'spent')
      }
      return count
    }
    assert.equal(await fired(await somebody(), 40), 12)
    const others = await Promise.all(Array.from({ length: 40 }, somebody))
    let more = 0
    for (const other of others) more += await fired(other, 1)
    assert.equal(more, 12)
  })
})

describe('the sockets of a round', () => {
  const proven = { host: THERE, port: 4001 }
  const RANDOM_THERE = { theirs: RANDOM, rttMs: 300 }

  it('are enough for four at once, whatever they will need; a fifth knows who has the rest', async () => {
    const guessing = guessingIn({ own: CONE, proven })
    const others = await Promise.all(Array.from({ length: 5 }, somebody))
    using rounds = new DisposableStack()
    for (const each of others) {
      const round = rounds.use(guessing.round(each))
      await round.report(patience())
      const expected = each === others[4] ? 0 : 1_024
      assert.equal(round.evidence.own?.sockets, expected)
    }
    using late = await firing(guessing, { peer: await somebody(), ...RANDOM_THERE })
    assert.equal(late.evidence.shortage, 'other-punches')
  })

  it('go to others as far as the plan does not take them, as soon as both sides have told', async () => {
    const guessing = guessingIn({ own: CONE, proven })
    const others = await Promise.all(Array.from({ length: 20 }, somebody))
    using rounds = new DisposableStack()
    for (const each of others) {
      const round = rounds.use(guessing.round(each))
      await round.report(patience())
      round.heard(encodeNatReport(block(5_000, 3)))
      assert.equal(round.evidence.own?.sockets, 1_024)
    }
    using asked = rounds.use(guessing.round(await somebody()))
    asked.heard(encodeNatReport(CONE))
    await asked.report(patience())
    using next = await firing(guessing, { peer: await somebody(), ...RANDOM_THERE })
    assert.equal(next.evidence.own?.sockets, 1_024)
  })

  it('go to others once the volley has fired all it has, in vain', async () => {
    const closed = await refusingPort(THERE)
    const sockets = fewSockets(32)
    const guessing = guessingIn({
      own: block(5_000, 3),
      proven: { host: THERE, port: closed },
      sockets
    })
    using round = await firing(guessing, {
      peer: await somebody(),
      theirs: CONE,
      candidates: [at(closed)]
    })
    assert.equal(round.evidence.own?.sockets, 32, 'all that there are')
    await eventually(
      async () => freeOf(sockets),
      (free) => free === 32
    )
    assert.deepEqual(round.evidence.count, { fired: 192, connected: 0 })
  })

  it('go to others when there is no port of ours to fire from', async () => {
    const sockets = fewSockets(500)
    const own: NatReport = { ...CONE, mapping: 'none' }
    const guessing = guessingIn({ own, proven, sockets, localEnd: () => undefined })
    using round = await firing(guessing, { peer: await somebody(), theirs: RANDOM, rttMs: 20 })
    await eventually(
      async () => freeOf(sockets),
      (free) => free === 500
    )
    assert.deepEqual([round.evidence.withheld, round.evidence.count], ['no-port', undefined])
  })
})

// Guessing ports, with real sockets on loopback: two peers that meet so, and others who want to make us fire.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { Guessing, type GuessRound, type GuessStart } from '../../peer/traversal/guessing.ts'
import type { TransportDial } from '../../peer/traversal/punch.ts'
import { BATCH } from '../../peer/traversal/volley-pace.ts'
import { encodeNatReport, type NatReport } from '../../shared/wire/nat-report.ts'
import {
  becomesDirect,
  dialThrough,
  echoes,
  patience,
  startPuncher,
  type Puncher
} from '../support/punchers.ts'
import { relayScene } from '../support/relay-scene.ts'
import { block, CONE, RANDOM } from '../support/reports.ts'
import { silentServer } from '../support/silent-server.ts'

const THERE = '127.0.0.3'
const at = (port: number, host = THERE): Multiaddr => multiaddr(`/ip4/${host}/tcp/${port}`)

const somebody = async (): Promise<PeerId> => peerIdFromPrivateKey(await generateKeyPair('Ed25519'))

/** Until the handshake is called off: what a remote does that never speaks. */
const neverAnswered: TransportDial = async (_, { socket, signal }) => {
  const { promise, reject } = Promise.withResolvers<never>()
  signal.addEventListener('abort', () => {
    socket?.resetAndDestroy()
    reject(signal.reason)
  })
  return promise
}

interface Situation {
  own: NatReport
  /** Where a relay of ours has seen the other side. */
  proven?: { host: string; port: number }
}

function guessingIn({ own, proven }: Situation): Guessing {
  const nat = {
    prepare: () => undefined,
    report: async () => own,
    provenAddress: async () => proven
  }
  return new Guessing({ nat, dial: neverAnswered, listening: () => [at(4001, '127.0.0.1')] })
}

/** A round as a punch has it, up to where it may fire. */
async function firing(
  guessing: Guessing,
  { peer, theirs, ...start }: { peer: PeerId; theirs: NatReport } & Partial<GuessStart>
): Promise<GuessRound> {
  const round = guessing.round(peer)
  await round.report(patience())
  round.heard(encodeNatReport(theirs))
  const ours = { candidates: [at(4001)], mapped: [at(4001, '7.7.7.7')], initiator: true, rttMs: 0 }
  await round.start({ ...ours, ...start })
  return round
}

async function until(what: () => boolean): Promise<void> {
  for (const signal = patience(); !what(); await sleep(5)) signal.throwIfAborted()
}

/** A punch on loopback would not need any guess. */
const onlyGuesses =
  (own: TransportDial): TransportDial =>
  async (address, options) => {
    if (options.socket === undefined) throw new Error('only guesses get through')
    return own(address, options)
  }

const portOf = (address: Multiaddr): number => Number(address.getComponents()[1]?.value)

interface Known {
  report?: NatReport
  /** Of the other side. */
  proven?: { host: string; port: number }
  port: number
}

/** A peer that knows what is put into `known` later. */
async function guesser(relay: Multiaddr, known: Known): Promise<Puncher> {
  const nat = {
    prepare: () => undefined,
    report: async () => known.report,
    provenAddress: async () => known.proven
  }
  const listening = (): Multiaddr[] => [at(known.port, '127.0.0.1')]
  const puncher = await startPuncher(relay, {
    listen: '/ip4/0.0.0.0/tcp/0',
    dial: onlyGuesses,
    guessing: (dial) => new Guessing({ nat, dial, listening })
  })
  known.port = portOf(puncher.address)
  return puncher
}

describe('two peers of whom one changes ports', () => {
  it('become direct by guesses alone, and say something', async () => {
    await using scene = await relayScene()
    const [annKnows, benKnows]: Known[] = [{ port: 0 }, { port: 0 }]
    await using ann = await guesser(scene.address, annKnows!)
    await using ben = await guesser(scene.address, benKnows!)
    const [annPort, benPort] = [annKnows!.port, benKnows!.port]
    Object.assign(annKnows!, { report: block(annPort, 3), proven: { host: THERE, port: benPort } })
    Object.assign(benKnows!, { report: CONE, proven: { host: '127.0.0.2', port: annPort } })
    ann.own = () => ({ mapped: [at(annPort, '127.0.0.2')], announced: [], listening: [] })
    ben.own = () => ({ mapped: [at(benPort)], announced: [], listening: [] })
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
    const own = { ...CONE, sockets: 90 }
    using round = await firing(guessingIn({ own, proven }), {
      peer: await somebody(),
      theirs: { ...RANDOM, sockets: 65_535 }
    })
    const { plan, count } = round.evidence
    assert.equal(plan?.kind === 'hopeless' && plan.why, 'few-sockets')
    assert.equal(count, undefined)
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

describe('a volley', () => {
  it('at a remote that completes TCP and says nothing: no more than it may hold, and all closed at its end', async () => {
    await using server = await silentServer(THERE)
    const startedMs = performance.now()
    const patient = guessingIn({
      own: { ...block(5_000, 3), sockets: 20 },
      proven: { host: THERE, port: server.port }
    })
    using volley = await firing(patient, {
      peer: await somebody(),
      theirs: { ...CONE, sockets: 65_535 },
      candidates: [at(server.port)]
    })
    await until(() => server.here >= 20)
    // Long enough for the pause after a connection, so that more would come if more were allowed.
    await until(() => performance.now() - startedMs > 1_600)
    assert.deepEqual([server.came, server.here], [20, 20])
    volley[Symbol.dispose]()
    await until(() => server.here === 0)
  })

  it('fires a batch and not everything at once', async () => {
    await using server = await silentServer(THERE)
    const guessing = guessingIn({ own: RANDOM, proven: { host: THERE, port: server.port } })
    using round = await firing(guessing, {
      peer: await somebody(),
      theirs: CONE,
      candidates: [at(server.port)]
    })
    await until(() => (round.evidence.count?.fired ?? 0) > 0)
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
    await until(() => server.came > 0)
    assert.ok(performance.now() - startedMs > 140)
    assert.equal(round.evidence.withheld, undefined)
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

// Relays and members that would have a peer punch at others: it dials what members have signed, so often and no more.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PeerEvent } from '../../peer/events.ts'
import { reflectPortsOf } from '../../peer/nat/reflections.ts'
import {
  MAX_DIALS_PER_HOST_AND_MINUTE,
  MAX_MEETING_CANDIDATES,
  MAX_MEETINGS_PER_PEER_AND_MINUTE
} from '../../peer/traversal/meeting-rules.ts'
import { HANDSHAKES_MS, WINDOW_MS } from '../../peer/traversal/plan.ts'
import { eventually } from '../support/eventually.ts'
import { lyingRelay } from '../support/lying-relay.ts'
import { meetingGuest, recordOf } from '../support/meeting-guest.ts'
import { patience } from '../support/raw-circuit.ts'
import { roomScene, guest, type Guest } from '../support/room-scene.ts'
import { victim } from '../support/victim.ts'

const ROOM = 'kitchen'

/** A punch dials for 5 s, and lets handshakes that have begun end. */
const PUNCH_MS = WINDOW_MS + HANDSHAKES_MS + 5_000

async function somebodysRecord(address: string): Promise<Uint8Array> {
  return recordOf(await generateKeyPair('Ed25519'), [address])
}

const flipped = (bytes: Uint8Array, at: number): Uint8Array =>
  bytes.map((byte, n) => (n === at ? byte ^ 1 : byte))

const meetingsOf = ({ of }: Guest): Array<Extract<PeerEvent, { event: 'punch' }>> =>
  of('punch').filter(({ via }) => via === 'meeting')

describe('a relay that lies', () => {
  it('has nobody dialled without a record for the room that its peer has signed', async () => {
    await using relay = await lyingRelay()
    await using aside = await victim()
    await using signed = await victim()
    await using ann = await guest([relay.address], 'ann')
    const named = await somebodysRecord(aside.address)
    await relay.tell(ROOM, flipped(named, named.byteLength - 1))
    await relay.tell(ROOM, flipped(named, 50))
    await relay.tell(ROOM, named.subarray(0, 80))
    await relay.tell(ROOM, new Uint8Array(200).fill(7))
    await relay.tell(ROOM, new Uint8Array())
    await relay.tell('cellar', named)
    await relay.tell('', named)
    await relay.tell(ROOM, await somebodysRecord(signed.address))
    await eventually(
      () => signed.knocks,
      (knocks) => knocks > 0
    )
    assert.equal(aside.knocks, 0)
    assert.deepEqual(
      ann.of('error').filter(({ code }) => code !== 'rendezvous'),
      []
    )
  })

  it('has a machine that it names in the name of hundreds dialled some hundred times', async () => {
    await using relay = await lyingRelay()
    await using named = new AsyncDisposableStack()
    const ports = await Promise.all(
      Array.from({ length: MAX_MEETING_CANDIDATES }, async () =>
        named.use(await victim({ hangsUp: true }))
      )
    )
    const addresses = ports.map(({ address }) => address)
    await using ann = await guest([relay.address], 'ann')
    const stream = await relay.subscribed
    const ended = new Promise((resolve) => stream.addEventListener('close', resolve))
    const records = await Promise.all(
      Array.from({ length: 300 }, async () => recordOf(await generateKeyPair('Ed25519'), addresses))
    )
    for (const record of records) await relay.tell(ROOM, record)
    await ended
    await ann.log.until(() => meetingsOf(ann).length >= 10)
    const dials = ports.reduce((sum, { knocks }) => sum + knocks, 0)
    assert.ok(dials > 0)
    assert.ok(dials <= MAX_DIALS_PER_HOST_AND_MINUTE + 256, `${dials} dials`)
    assert.ok(ann.peer.members.length <= 240)
  })

  it('gets no connection for a peer that completes TCP and never the handshake', async () => {
    await using relay = await lyingRelay()
    await using silent = await victim()
    await using ann = await guest([relay.address], 'ann')
    await relay.tell(ROOM, await somebodysRecord(silent.address))
    await eventually(
      () => meetingsOf(ann).length,
      (met) => met > 0,
      PUNCH_MS
    )
    assert.deepEqual(
      meetingsOf(ann).map(({ attempt, outcome, candidates }) => ({ attempt, outcome, candidates })),
      [{ attempt: 0, outcome: 'failed', candidates: [silent.address] }]
    )
    assert.match(meetingsOf(ann)[0]?.reason ?? '', /\w/)
    await eventually(
      () => silent.open,
      (open) => open === 0,
      PUNCH_MS
    )
    // The relay lists it, so it is in the room for a while, before or after its last socket is given up.
    assert.ok(ann.peer.members.every(({ path }) => path === 'none'))
  })
})

describe('a member', () => {
  it('who registers in a loop is punched with a few times in a minute', async () => {
    await using scene = await roomScene()
    await using named = await victim()
    const ann = await scene.join('ann')
    const mal = await meetingGuest(scene.relay, named.address)
    await mal.subscribe(ROOM)
    for (let times = 0; times < 30; times += 1) {
      await mal.register(ROOM)
      await mal.met.until(() => mal.met.events.length > times)
    }
    const told = (): number => meetingsOf(ann).length
    await eventually(told, (times) => times > 0, PUNCH_MS)
    assert.ok(told() <= MAX_MEETINGS_PER_PEER_AND_MINUTE, `${told()} punches`)
    const dials = named.knocks
    assert.ok(dials <= MAX_DIALS_PER_HOST_AND_MINUTE, `${dials} dials`)
  })

  it('who names the port on which the relay reflects has nobody punch there', async () => {
    await using scene = await roomScene()
    await using named = await victim({ hangsUp: true })
    const ann = await scene.join('ann')
    const punchedAt = async (): Promise<string[]> => {
      const { connection } = await meetingGuest(scene.relay, named.address)
      const [port] = await reflectPortsOf(connection, { signal: patience() })
      const mal = await meetingGuest(scene.relay, `/ip4/127.0.0.1/tcp/${port}`, named.address)
      await mal.subscribe(ROOM)
      await mal.register(ROOM)
      const met = await ann.log.until(() => meetingsOf(ann).find(({ peer }) => peer === mal.id))
      return met.candidates
    }
    // Before it has asked the relay, nobody can know.
    await eventually(punchedAt, (candidates) => candidates.length === 1)
    assert.ok(named.knocks > 0)
  })

  it('who wants to stay relayed is told of nobody, and nobody of it', async () => {
    await using scene = await roomScene()
    const ann = await scene.join('ann')
    const ben = await scene.join('ben', { relayedOnly: true })
    await scene.introductions(ann, ben)
    const cid = await scene.join('cid')
    await scene.introductions(ann, ben, cid)
    await ann.log.until(() => meetingsOf(ann).find(({ peer }) => peer === cid.peer.peerId))
    assert.deepEqual(meetingsOf(ben), [])
    for (const each of [ann, cid])
      assert.ok(meetingsOf(each).every(({ peer }) => peer !== ben.peer.peerId))
  })

  it('and a newcomer punch as they meet, whatever the circuit does meanwhile', async () => {
    await using scene = await roomScene()
    const ann = await scene.join('ann')
    const ben = await scene.join('ben')
    for (const [one, other] of [
      [ann, ben],
      [ben, ann]
    ] as const) {
      await one.path(other.peer.name, 'direct')
      const { outcome, attempt } = await one.log.until(() => meetingsOf(one)[0])
      assert.deepEqual([outcome, attempt], ['direct', 0])
    }
  })
})

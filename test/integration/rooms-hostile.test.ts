// A room with a member that never acknowledges and one that attacks: the others talk as before, and what waits for
// the slow one is bounded and visible.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Connection, Stream } from '@libp2p/interface'
import { OUTGOING_LIMITS } from '../../peer/conversation/outgoing-ledger.ts'
import { FAIR_SHARE_BYTES } from '../../peer/conversation/members.ts'
import { MAX_WAITING_BYTES } from '../../peer/store/store.ts'
import { CHAT_LIMITS, CHAT_PROTOCOL, encodeChatFrame } from '../../shared/wire/chat.ts'
import { helloOf, line, RawMember, say } from '../support/raw-member.ts'
import { type Guest, roomScene } from '../support/room-scene.ts'
import { ROOM, Talker } from '../support/talkers.ts'

const LINES = 100

/** Each says its lines, one a turn; resolves to how long it took until everybody had everything. */
async function roundMs(guests: Guest[], round: string): Promise<number> {
  const startMs = performance.now()
  const wanted = (speaker: Guest): string[] =>
    Array.from({ length: LINES }, (_, index) => `${round} ${speaker.peer.name} ${index}`)
  const heard = (guest: Guest, speaker: Guest): string[] =>
    guest
      .of('message')
      .filter(({ peer, text }) => peer === speaker.peer.peerId && text.startsWith(round))
      .map(({ text }) => text)
  for (let index = 0; index < LINES; index++) {
    for (const { peer } of guests) peer.send(`${round} ${peer.name} ${index}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
  for (const guest of guests) {
    for (const speaker of guests.filter((other) => other !== guest)) {
      await guest.log.until(() => heard(guest, speaker).length >= LINES)
      assert.deepEqual(heard(guest, speaker), wanted(speaker))
    }
  }
  return performance.now() - startMs
}

/** Whatever a peer may do to another, again and again, until the signal. */
async function attack(connection: Connection, signal: AbortSignal): Promise<void> {
  const cases: Array<() => Promise<unknown>> = [
    async () =>
      (await connection.newStream(CHAT_PROTOCOL)).send(Uint8Array.of(0xff, 0xff, 0xff, 0x7f)),
    async () => (await connection.newStream(CHAT_PROTOCOL)).send(new Uint8Array(5_000).fill(0x0a)),
    async () => say(connection, helloOf('x'.repeat(CHAT_LIMITS.maxNameBytes + 1))),
    async () =>
      say(connection, helloOf('ann\u001b]52;c;aGk=\u0007', { epoch: '0000000000000009' })),
    async () => say(connection, helloOf('mal', { rooms: ['cellar'], epoch: '00000000000000aa' })),
    async () => say(connection, helloOf('mal'), line(5), line(3)),
    async () => say(connection, { kind: 'ack', received: 2 ** 40 }),
    async () => Promise.all(Array.from({ length: 30 }, async () => say(connection, helloOf('mal'))))
  ]
  for (let turn = 0; !signal.aborted && connection.status === 'open'; turn++) {
    await cases[turn % cases.length]?.().catch(() => undefined) // refused: as it should be
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

/** Says one line after the other, as fast as they are taken, half of them for a room that nobody is in. */
async function flood(connection: Connection, signal: AbortSignal): Promise<void> {
  for (let seq = 1; !signal.aborted && connection.status === 'open';) {
    const hello = helloOf('flo', { nextSeq: seq })
    const stream = await say(connection, hello).catch(() => undefined) // too many are open
    if (stream !== undefined) seq = await pour(stream, seq, signal)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Until the stream ends; returns the number that comes next. */
async function pour(stream: Stream, from: number, signal: AbortSignal): Promise<number> {
  const text = 'flood '.repeat(100)
  let seq = from
  while (stream.status === 'open' && !signal.aborted) {
    for (let burst = 0; burst < 20 && !stream.writableNeedsDrain; burst++) {
      stream.send(encodeChatFrame(line(seq, { text, room: seq % 2 === 0 ? ROOM : 'cellar' })))
      seq++
    }
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  return seq
}

it(
  'a member that never acknowledges and one that attacks slow and harm nobody else',
  { timeout: 60_000 },
  async () => {
    await using scene = await roomScene()
    const guests = await Promise.all(['ann', 'ben', 'cid'].map(async (name) => scene.join(name)))
    await scene.introductions(...guests)
    const [ann] = guests
    assert(ann !== undefined)
    // The first round pays for what is loaded and compiled.
    await roundMs(guests, 'first')
    const aloneMs = await roundMs(guests, 'alone')

    await using slow = await RawMember.start((stream, { epoch }) => {
      stream.send(encodeChatFrame({ kind: 'welcome', epoch, received: 0 }))
      stream.pause()
    })
    await using mal = await RawMember.start((stream, { epoch }) => {
      stream.send(encodeChatFrame({ kind: 'welcome', epoch, received: 1_000_000 }))
    })
    await using flo = await RawMember.start((stream) => stream.abort(new Error('not interested')))
    const stop = new AbortController()
    const attacks: Array<Promise<void>> = []
    for (const guest of guests) {
      await say(await slow.dial(guest), helloOf('slow'))
      const connection = await mal.dial(guest)
      attacks.push(attack(connection, stop.signal), flood(await flo.dial(guest), stop.signal))
      await guest.log.until(() => guest.peer.members.length === 5)
    }

    const text = 'x'.repeat(60_000)
    const fitting = Math.floor(OUTGOING_LIMITS.maxBytes / 60_000)
    for (let sent = 0; sent < fitting + 5; sent++) ann.peer.send(text, { to: slow.peer })
    const besidesMs = await roundMs(guests, 'besides')
    stop.abort()
    await Promise.all(attacks)

    const undelivered = ann.peer.members.find(({ peer }) => peer === slow.peer)?.undelivered ?? 0
    assert.ok(undelivered >= fitting && undelivered <= fitting + 2 * LINES, String(undelivered))
    const refused = ann
      .of('error')
      .filter(({ code, peer }) => code === 'undelivered' && peer === slow.peer)
    assert.ok(refused.length >= 5, `${refused.length} were refused`)
    assert.match(refused[0]?.message ?? '', /to slow was not delivered: 8388608 bytes are waiting/)
    for (const { of } of guests) {
      const flooded = of('message').filter(({ peer }) => peer === flo.peer)
      assert.ok(flooded.length > LINES, `${flooded.length} lines of the flood were taken`)
      assert.deepEqual(
        of('message').filter(({ room }) => room === 'cellar'),
        []
      )
    }
    // Waiting for a peer that does not answer takes 10 s and more; a busy machine shifts both of the times.
    assert.ok(besidesMs < 20 * aloneMs + 4_000, `${besidesMs} ms, ${aloneMs} ms without them`)
  }
)

it('what waits for all together is bounded, and those who are there get what is said all the same', async () => {
  await using ann = await Talker.start('ann')
  await using ben = await Talker.start('ben')
  await ann.connect(ben.node)
  const absent = await Promise.all(
    Array.from({ length: 10 }, async () => (await generateKeyPair('Ed25519')).publicKey.toString())
  )
  const text = 'x'.repeat(CHAT_LIMITS.maxTextBytes)
  const to = [...absent, ben.peer]
  const taken = new Map<string, number>()
  let reason: string | undefined
  for (let sent = 0; sent < OUTGOING_LIMITS.maxBytes / text.length; sent++) {
    const answer = ann.conversations.send({ text, to, room: ROOM })
    for (const peer of answer.to) taken.set(peer, (taken.get(peer) ?? 0) + text.length)
    reason ??= answer.refused[0]?.reason
    await ann.until(() => ann.conversations.undelivered(ben.peer) * text.length < FAIR_SHARE_BYTES)
  }
  assert.equal(reason, `${MAX_WAITING_BYTES} bytes are waiting for all peers together already`)
  const waiting = absent.map((peer) => taken.get(peer) ?? 0)
  const sum = waiting.reduce((all, bytes) => all + bytes, 0)
  assert.ok(sum <= MAX_WAITING_BYTES && sum > MAX_WAITING_BYTES - 2 * FAIR_SHARE_BYTES, String(sum))
  const newcomer = (await generateKeyPair('Ed25519')).publicKey.toString()
  const shares = Array.from({ length: 6 }, () => ann.conversations.send({ text, to: [newcomer] }))
  assert.deepEqual(
    shares.map(({ refused }) => refused.length),
    [0, 0, 0, 0, 1, 1]
  )
  ann.say('the last one', ben)
  await ben.until(() => ben.texts.at(-1) === 'the last one')
  assert.equal(ben.texts.length, OUTGOING_LIMITS.maxBytes / text.length + 1)
})

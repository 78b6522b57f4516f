// Which connections are taken for dead, and when.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { ConnectionClosedError, type Connection, UnsupportedProtocolError } from '@libp2p/interface'
import { streamPair } from '@libp2p/utils'
import { type Liveness, startLiveness } from '../../../../peer/liveness/liveness.ts'
import { LOOK_MS } from '../../../../peer/liveness/network-changes.ts'
import {
  DEATH,
  DOUBT_ANSWER_MS,
  IDLE_ANSWER_MS,
  IDLE_PROBE_MS
} from '../../../../peer/liveness/patience.ts'
import { type FakeClock, fakeClock } from '../../../support/fake-clock.ts'

/** The other end of one connection. */
interface Far {
  connection: Connection
  /** Whether it answers pings. */
  answers: boolean
  pings: number
  streams: number
  /** When and why it was given up. */
  death: { atMs: number; reason: string } | undefined
  /** Something comes in that is no answer. */
  speak: () => void
  /** What we had to send and could not can be sent. */
  drain: () => void
}

interface Scene {
  clock: FakeClock
  liveness: Liveness
  open: (peer: string) => Promise<Far>
  changes: string[]
  /** The machine gets another address. */
  moveTo: (address: string) => void
}

async function scene(t: TestContext, relays: string[] = []): Promise<Scene> {
  const clock = fakeClock(t)
  const events = new EventTarget()
  const node = Object.assign(Object.create(null), {
    getConnections: () => [],
    addEventListener: events.addEventListener.bind(events),
    removeEventListener: events.removeEventListener.bind(events)
  })
  const isRelay = (peer: string): boolean => relays.includes(peer)
  const { signal } = new AbortController()
  const changes: string[] = []
  const addresses = ['192.0.2.1']
  const init = {
    node,
    isRelay,
    onChange: () => void changes.push('change'),
    addresses: () => addresses
  }
  const liveness = startLiveness(init, { signal })
  t.after(async () => liveness[Symbol.asyncDispose]())
  const open = async (peer: string): Promise<Far> => {
    const far = farEnd(peer, clock, (name, detail) =>
      events.dispatchEvent(new CustomEvent(name, { detail }))
    )
    events.dispatchEvent(new CustomEvent('connection:open', { detail: far.connection }))
    return far
  }
  return { clock, liveness, open, changes, moveTo: (address) => addresses.splice(0, 1, address) }
}

function farEnd(
  peer: string,
  clock: FakeClock,
  tell: (name: string, detail: Connection) => void
): Far {
  const maConn = new EventTarget()
  const speak = (): void => void maConn.dispatchEvent(new Event('message'))
  const drain = (): void => void maConn.dispatchEvent(new Event('drain'))
  const newStream = async () => {
    far.streams += 1
    const [near, other] = await streamPair({ delay: 0, protocol: '/ipfs/ping/1.0.0' })
    other.addEventListener('message', ({ data }) => {
      far.pings += 1
      if (!far.answers) return
      speak()
      other.send(data)
    })
    return near
  }
  const connection = Object.assign(Object.create(null), {
    status: 'open',
    remotePeer: { toString: () => peer, equals: (one: unknown) => String(one) === peer },
    maConn,
    newStream,
    abort: ({ message }: Error) => {
      connection.status = 'aborted'
      far.death = { atMs: clock.nowMs, reason: message }
      tell('connection:close', connection)
    }
  })
  const far: Far = {
    connection,
    answers: true,
    pings: 0,
    streams: 0,
    death: undefined,
    speak,
    drain
  }
  return far
}

/** The pace of looks at a quiet connection is spread a little. */
const IDLE_DEATH_MS = IDLE_PROBE_MS + IDLE_ANSWER_MS

test('a quiet connection is asked now and then, on one stream, and left alone as long as it answers', async (t) => {
  const { clock, open } = await scene(t)
  const far = await open('ben')
  await clock.pass(120_000, 50)
  assert.equal(far.death, undefined)
  assert.ok(far.pings >= 14 && far.pings <= 20, `${far.pings} pings in two minutes`)
  assert.equal(far.streams, 1)
})

test('a connection that answers no more is known to be dead within a quarter of a minute', async (t) => {
  const { clock, liveness, open } = await scene(t)
  const far = await open('ben')
  far.answers = false
  await clock.pass(60_000, 50)
  assert.equal(far.death?.reason, DEATH)
  assert.ok((far.death?.atMs ?? NaN) <= IDLE_DEATH_MS + 100, `${far.death?.atMs} ms`)
  assert.equal(liveness.whyEnded(far.connection), DEATH)
})

test('doubt shortens that to some seconds, also while a patient look is under way', async (t) => {
  for (const waitedMs of [3_000, IDLE_PROBE_MS + 1_000]) {
    await t.test(`after ${waitedMs} ms`, async (step) => {
      const { clock, liveness, open } = await scene(step)
      const far = await open('ben')
      far.answers = false
      await clock.pass(waitedMs, 50)
      liveness.doubt(far.connection)
      await clock.pass(DOUBT_ANSWER_MS + 100, 50)
      assert.equal(far.death?.reason, DEATH)
    })
  }
})

test('doubt about a connection that answers changes nothing, however often', async (t) => {
  const { clock, liveness, open } = await scene(t)
  const far = await open('ben')
  for (let times = 0; times < 20; times++) {
    await clock.pass(1_500, 50)
    liveness.doubt(far.connection)
  }
  assert.equal(far.death, undefined)
  assert.ok(far.pings <= 20, `${far.pings} pings`)
})

for (const [line, sign] of [
  ['a line that is busy lives, even when the answer is held up by what comes before it', 'speak'],
  ['a line on which something leaves that had to wait is slow, not dead', 'drain']
] as const) {
  test(line, async (t) => {
    const { clock, liveness, open } = await scene(t)
    const far = await open('ben')
    far.answers = false
    await clock.pass(2_000, 50)
    liveness.doubt(far.connection)
    for (let times = 0; times < 100; times++) {
      await clock.pass(500, 50)
      far[sign]()
    }
    assert.equal(far.death, undefined)
  })
}

test('doubt about one connection asks the relays as well, and nobody else', async (t) => {
  const { clock, liveness, open } = await scene(t, ['relay'])
  const [ben, relay, cat] = [await open('ben'), await open('relay'), await open('cat')]
  await clock.pass(3_000, 50)
  liveness.doubt(ben.connection)
  await clock.pass(100, 50)
  assert.deepEqual([ben.pings, relay.pings, cat.pings], [1, 1, 0])
})

test('a peer that connects anew makes its older connection doubtful', async (t) => {
  const { clock, open } = await scene(t)
  const old = await open('ben')
  old.answers = false
  await clock.pass(3_000, 50)
  const young = await open('ben')
  await clock.pass(DOUBT_ANSWER_MS + 100, 50)
  assert.equal(old.death?.reason, DEATH)
  assert.equal(young.death, undefined)
})

test('with other addresses everything is asked, and whoever depends on them is told', async (t) => {
  const { clock, open, moveTo, changes } = await scene(t)
  const [ben, cat] = [await open('ben'), await open('cat')]
  cat.answers = false
  moveTo('198.51.100.7')
  await clock.pass(LOOK_MS + DOUBT_ANSWER_MS + 100, 50)
  assert.deepEqual(changes, ['change'])
  assert.equal(ben.death, undefined)
  assert.equal(ben.pings, 1)
  assert.equal(cat.death?.reason, DEATH)
})

test('a process that stood still asks again before it judges', async (t) => {
  const { clock, open } = await scene(t)
  const far = await open('ben')
  far.answers = false
  await clock.pass(IDLE_PROBE_MS + 100, 50)
  far.answers = true
  await clock.pass(60_000, 60_000)
  await clock.pass(30_000, 50)
  assert.equal(far.death, undefined)
})

test('a refusal to be pinged is a sign of life', async (t) => {
  const { clock, open } = await scene(t)
  const far = await open('ben')
  cannotOpen(far, new UnsupportedProtocolError('no pings here'))
  await clock.pass(60_000, 50)
  assert.equal(far.death, undefined)
})

test('a connection on which nothing can be opened is dead, though its transport stands', async (t) => {
  const { clock, open } = await scene(t)
  const far = await open('ben')
  cannotOpen(far, new ConnectionClosedError('the muxer is closed'))
  await clock.pass(IDLE_DEATH_MS, 50)
  assert.equal(far.death?.reason, DEATH)
})

test('doubt again and again about one that lives leaves the relays alone', async (t) => {
  const { clock, liveness, open } = await scene(t, ['relay'])
  const [ben, relay] = [await open('ben'), await open('relay')]
  await clock.pass(3_000, 50)
  for (let times = 0; times < 10; times++) {
    liveness.doubt(ben.connection)
    await clock.pass(1_500, 50)
  }
  assert.ok(ben.pings >= 10, `${ben.pings} pings`)
  assert.ok(relay.pings <= 4, `${relay.pings} pings`)
})

function cannotOpen(far: Far, error: Error): void {
  const newStream = async (): Promise<never> => {
    throw error
  }
  Object.assign(far.connection, { newStream })
}

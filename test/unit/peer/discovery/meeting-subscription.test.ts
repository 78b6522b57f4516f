// Which relays tell this peer of meetings, over which of its connections, and when it asks them again.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { UnsupportedProtocolError, type PeerId, type Stream } from '@libp2p/interface'
import { lpStream, streamPair } from '@libp2p/utils'
import {
  MeetingSubscription,
  type ListeningConnection,
  type MeetingSubscriptionConfig,
  type Subscriptions
} from '../../../../peer/discovery/meeting-subscription.ts'
import { lengthPrefixed } from '../../../../shared/wire/field-writer.ts'
import { decodeSubscribe, encodeLeaving } from '../../../../shared/wire/meeting.ts'
import { EventLog } from '../../../support/event-log.ts'
import { somebody } from '../../../support/somebody.ts'

/** A relay that speaks the protocol, or not. */
class RelayEnd extends EventTarget implements ListeningConnection {
  status: ListeningConnection['status'] = 'open'
  readonly remotePeer: PeerId
  readonly opened = new EventLog<Stream>()
  speaks = true

  constructor(remotePeer: PeerId) {
    super()
    this.remotePeer = remotePeer
  }

  async newStream(): Promise<Stream> {
    const [near, far] = await streamPair()
    this.opened.note(far)
    if (!this.speaks) throw new UnsupportedProtocolError('no meetings here')
    return near
  }

  /** The rooms that the one subscription there is for. */
  async rooms(): Promise<string[]> {
    const frames = lpStream(await this.opened.first(() => true))
    return decodeSubscribe((await frames.read()).subarray()).rooms
  }

  close(): void {
    for (const stream of this.opened.events) stream.abort(new Error('the connection closed'))
    this.status = 'closed'
    this.dispatchEvent(new Event('close'))
  }
}

const subscription = (signal: AbortSignal, subscriptions: Subscriptions): MeetingSubscription =>
  new MeetingSubscription({ room: 'kitchen', subscriptions, onMeet: () => undefined }, signal)

interface Two {
  one: MeetingSubscription
  two: MeetingSubscription
  first: RelayEnd
  second: RelayEnd
}

/** Two discoveries of one peer, and two connections to one relay. */
async function twoOf(signal: AbortSignal): Promise<Two> {
  const subscriptions: Subscriptions = new Map()
  const relay = await somebody()
  return {
    one: subscription(signal, subscriptions),
    two: subscription(signal, subscriptions),
    first: new RelayEnd(relay),
    second: new RelayEnd(relay)
  }
}

describe('a subscription to meetings', () => {
  it('is one for each relay, however many connections lead there, and moves when its own ends', async () => {
    using stopped = stopping()
    const { one, two, first, second } = await twoOf(stopped.signal)
    const other = new RelayEnd(await somebody())
    const over = one.listen(first)
    const waiting = two.listen(second)
    const elsewhere = two.listen(other)
    assert.deepEqual([await first.rooms(), await other.rooms()], [['kitchen'], ['kitchen']])
    assert.deepEqual(second.opened.events, [])
    first.close()
    await over
    assert.deepEqual(await second.rooms(), ['kitchen'])
    stopped.abort()
    await Promise.all([waiting, elsewhere])
    assert.deepEqual([first.opened.events.length, second.opened.events.length], [1, 1])
  })

  it('is not waited for any longer than the connection stands that would take it over', async () => {
    using stopped = stopping()
    const { one, two, first, second } = await twoOf(stopped.signal)
    const over = one.listen(first)
    const waiting = two.listen(second)
    await first.rooms()
    second.close()
    await waiting
    assert.deepEqual(second.opened.events, [])
    stopped.abort()
    await over
  })

  it('begins at once on the next connection, not when the last one would have asked again', async () => {
    using stopped = stopping()
    const { one, first: before, second: after } = await twoOf(stopped.signal)
    const over = one.listen(before)
    const stream = await before.opened.first(() => true)
    const ended = once(stream, 'close')
    stream.abort(new Error('the relay has had enough'))
    await ended
    const next = one.listen(after)
    before.close()
    await over
    assert.deepEqual(await after.rooms(), ['kitchen'])
    stopped.abort()
    await next
  })

  it('of one who meets nobody is for no room, and says all the same that the relay leaves', async () => {
    using stopped = stopping()
    const relay = new RelayEnd(await somebody())
    const told = new EventLog<[connection: ListeningConnection, seconds: number]>()
    const onLeaving: MeetingSubscriptionConfig['onLeaving'] = (connection, { seconds }) => {
      told.note([connection, seconds])
    }
    const config = { room: 'kitchen', subscriptions: new Map(), onLeaving }
    const over = new MeetingSubscription(config, stopped.signal).listen(relay)
    assert.deepEqual(await relay.rooms(), [])
    relay.opened.events[0]?.send(lengthPrefixed(encodeLeaving({ seconds: 8 })))
    assert.deepEqual(await told.first(() => true), [relay, 8])
    stopped.abort()
    await over
  })

  it('is not asked for again where the relay does not speak the protocol', async () => {
    using stopped = stopping()
    const { one, two, first, second } = await twoOf(stopped.signal)
    first.speaks = false
    second.speaks = false
    await Promise.all([one.listen(first), two.listen(second)])
    assert.deepEqual([first.opened.events.length, second.opened.events.length], [1, 1])
  })
})

function stopping(): Disposable & { signal: AbortSignal; abort: () => void } {
  const controller = new AbortController()
  const abort = (): void => controller.abort()
  return { signal: controller.signal, abort, [Symbol.dispose]: abort }
}

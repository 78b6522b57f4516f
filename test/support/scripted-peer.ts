// Stands in for peer/peer.ts in a child process; the environment says how the peer behaves:
// PARLEY_TEST_SILENT: nobody acknowledges; PARLEY_TEST_CHATTY: bob talks without end; PARLEY_TEST_STUCK: it cannot stop.
import type { StartPeer } from '../../peer/api.ts'
import { fakeStartPeer, type FakePeer } from './fake-peer.ts'

const BOB = '12D3KooWEHUQf4tPKh6TeSX5WdAhMP5xmtLXQDAeWrfUW8TLKvvv'
const { PARLEY_TEST_SILENT, PARLEY_TEST_CHATTY, PARLEY_TEST_STUCK } = process.env

function onStarted(fake: FakePeer): void {
  // A running peer has sockets that keep the process alive.
  const alive = setInterval(() => PARLEY_TEST_CHATTY && chatter(fake), 5)
  const stop = fake[Symbol.asyncDispose].bind(fake)
  fake[Symbol.asyncDispose] = async () => {
    if (PARLEY_TEST_STUCK) await new Promise(() => {})
    clearInterval(alive)
    await stop()
  }
}

const chatter = (fake: FakePeer): void =>
  fake.emit({
    event: 'message',
    peer: BOB,
    name: 'bob',
    room: fake.room,
    id: 'x',
    text: 'again and again',
    sentAt: ''
  })

export const startPeer: StartPeer = fakeStartPeer({
  members: [{ peer: BOB, name: 'bob', path: 'direct', undelivered: 0 }],
  acknowledges: PARLEY_TEST_SILENT === undefined,
  onStarted
})

// What a relay says to a request to be dialled back that it cannot be asked on loopback.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Stream } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { streamPair } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { askDialBack } from '../../../../peer/nat/dial-back.ts'
import { Books } from '../../../../relay/books.ts'
import { startDialBackServer, type DialBackConnection } from '../../../../relay/dial-back/server.ts'
import type { RelayEvent } from '../../../../relay/events.ts'
import { DEFAULT_LIMITS } from '../../../../relay/limits.ts'
import type { DialBackOutcome } from '../../../../shared/wire/dial-back.ts'

const SIGNAL = { signal: new AbortController().signal }

async function asked(
  from: Partial<DialBackConnection>,
  prepare: (books: Books) => void = () => undefined
): Promise<{ outcome: DialBackOutcome; events: RelayEvent[] }> {
  const events: RelayEvent[] = []
  const books = new Books(DEFAULT_LIMITS)
  prepare(books)
  const serving = Promise.withResolvers<(stream: Stream, from: DialBackConnection) => void>()
  await startDialBackServer(
    { handle: async (...[, handler]) => serving.resolve(handler) },
    {
      books,
      addresses: () => [multiaddr('/ip4/127.0.0.1/tcp/45678')],
      onOffence: () => assert.fail('no offence'),
      onEvent: (event) => events.push(event)
    },
    SIGNAL
  )
  const [near, far] = await streamPair()
  const serve = await serving.promise
  const remotePeer = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
  const remoteAddr = multiaddr('/ip4/127.0.0.1/tcp/4001')
  serve(far, { remotePeer, remoteAddr, direct: true, ...from })
  const outcome = await askDialBack({ newStream: async () => near }, 4001, SIGNAL)
  return { outcome, events }
}

const reasons = (events: RelayEvent[]): unknown[] =>
  events.map((event) => ('reason' in event ? event.reason : undefined))

it('a request over a circuit is refused, with a reason for the operator', async () => {
  const { outcome, events } = await asked({ direct: false })
  assert.equal(outcome, 'unable')
  assert.deepEqual(reasons(events), ['asked over a circuit'])
})

it('a relay that drains dials nobody', async () => {
  const { outcome, events } = await asked({}, ({ admission }) => (admission.draining = true))
  assert.equal(outcome, 'unable')
  assert.deepEqual(reasons(events), ['the relay is stopping'])
})

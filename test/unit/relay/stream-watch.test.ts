// Streams that remotes open, counted for as long as they wait, and not when they are over before they are seen.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Connection, Libp2pEvents, Stream } from '@libp2p/interface'
import { streamPair } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { TypedEventEmitter } from 'main-event'
import { Books } from '../../../relay/books.ts'
import { DEFAULT_LIMITS } from '../../../relay/limits.ts'
import { OwnEnds } from '../../../relay/own-ends.ts'
import { watchStreams } from '../../../relay/stream-watch.ts'
import { somebody } from '../../support/somebody.ts'

/** As far as the watch touches one. */
function isConnection(made: object): made is Connection {
  return 'muxer' in made && 'remotePeer' in made && 'remoteAddr' in made
}

interface Watched {
  opens: (stream: Stream) => void
  waiting: () => number | undefined
}

/** A connection whose streams are watched. */
async function watched(): Promise<Watched> {
  const node = new TypedEventEmitter<Libp2pEvents>()
  const books = new Books(DEFAULT_LIMITS)
  watchStreams(node, { books, own: new OwnEnds(), onEvent: () => undefined })
  const muxer = new EventTarget()
  const remoteAddr = multiaddr('/ip4/7.7.7.7/tcp/4001')
  const connection: object = { muxer, remotePeer: await somebody(), remoteAddr }
  assert.ok(isConnection(connection))
  node.safeDispatchEvent('connection:open', { detail: connection })
  return {
    opens: (detail) => void muxer.dispatchEvent(new CustomEvent('stream', { detail })),
    waiting: () => books.waiting.usage().find(({ limit }) => limit === 'waiting-streams')?.used
  }
}

describe('a stream that a remote opens', () => {
  it('waits until it closes', async () => {
    const { opens, waiting } = await watched()
    const [, stream] = await streamPair()
    opens(stream)
    assert.equal(waiting(), 1)
    stream.abort(new Error('over'))
    assert.equal(waiting(), 0)
  })

  it('does not wait when it is over before it is seen', async () => {
    const { opens, waiting } = await watched()
    const [, stream] = await streamPair()
    stream.abort(new Error('over'))
    opens(stream)
    assert.equal(waiting(), 0)
  })
})

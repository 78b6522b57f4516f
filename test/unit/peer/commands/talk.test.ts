// The loop of a chat, with a scripted terminal and a peer without a network.
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import type { Member, PeerConfig } from '../../../../peer/api.ts'
import { ChatView } from '../../../../peer/commands/chat-view.ts'
import type { ExitCode } from '../../../../peer/commands/program.ts'
import { talk } from '../../../../peer/commands/talk.ts'
import { FakePeer, fakeStartPeer, type FakeOptions } from '../../../support/fake-peer.ts'
import { FakeTerminal } from '../../../support/fake-terminal.ts'

const bob: Member = {
  peer: '12D3KooWAAAAAAAAbbbbbbbb',
  name: 'bob',
  path: 'relayed',
  reason: 'the punch failed',
  undelivered: 0
}
const ann: Member = {
  peer: '12D3KooWAAAAAAAAaaaaaaaa',
  name: 'ann',
  path: 'direct',
  undelivered: 0
}

interface Outcome {
  code: ExitCode
  peer: FakePeer
  printed: string[]
  said: string[]
}

interface Scene extends FakeOptions {
  interactive?: boolean
  json?: boolean
  signal?: AbortSignal
  deliveryTimeoutMs?: number
}

let privateKey: PrivateKey
before(async () => {
  privateKey = await generateKeyPair('Ed25519')
})

async function chat(
  script: Array<string | ((peer: FakePeer) => void)>,
  scene: Scene = {}
): Promise<Outcome> {
  const started: FakePeer[] = []
  const steps = script.map((step) =>
    typeof step === 'string' ? step : () => step(started[0] ?? assert.fail())
  )
  const terminal = new FakeTerminal(steps, scene.interactive)
  const view = new ChatView({
    terminal,
    room: 'kitchen',
    json: scene.json ?? false,
    verbose: false
  })
  const config: PeerConfig = {
    privateKey,
    name: 'me',
    room: 'kitchen',
    relays: [],
    listen: [],
    announce: [],
    relayedOnly: false
  }
  const signal = scene.signal ?? new AbortController().signal
  const start = fakeStartPeer({
    ...scene,
    onStarted: (fake) => {
      started.push(fake)
      scene.onStarted?.(fake)
    }
  })
  await using peer = await start(config, { signal, onEvent: view.show })
  const code = await talk(peer, {
    terminal,
    view,
    signal,
    deliveryTimeoutMs: scene.deliveryTimeoutMs ?? 5000
  })
  const fake = started[0] ?? assert.fail()
  return { code, peer: fake, printed: terminal.printed, said: terminal.said }
}

describe('a chat', () => {
  it('sends lines in order and answers commands without sending them', async () => {
    const { code, peer, said } = await chat(
      ['one', '', '/peers', '//two', '/to ann three', '/path bob', '/help', '/quit', 'never'],
      { members: [bob, ann] }
    )
    assert.deepEqual(peer.sent, [
      { text: 'one' },
      { text: '/two' },
      { text: 'three', to: ann.peer }
    ])
    assert.equal(code, 0)
    const text = said.join('\n')
    assert.match(text, /bob {3}…bbbbbbbb {2}relayed/)
    assert.match(text, /path to bob: relayed, not direct because: the punch failed/)
    assert.match(text, /\/to NAME TEXT/)
  })

  it('prints what others say and nothing else on standard output', async () => {
    const { printed, said } = await chat(
      [
        (peer) =>
          peer.emit({
            event: 'message',
            peer: bob.peer,
            name: 'bob',
            room: 'kitchen',
            id: 'x',
            text: 'hello\u001B[2J\nann: forged',
            sentAt: ''
          })
      ],
      { members: [bob] }
    )
    assert.deepEqual(printed, ['bob: hello␛[2J␊ann: forged'])
    assert.ok(said.includes('bob is in the room'))
  })

  it('prints every event as one line of JSON when asked to, and no words for it', async () => {
    const { printed, said } = await chat(['hi'], { members: [bob], json: true })
    const kinds = printed.map((line) => {
      const [, kind, at] = /^\{"event":"(\w+)","at":"([^"]+)"[,}]/.exec(line) ?? assert.fail(line)
      assert.match(at ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
      assert.doesNotThrow(() => JSON.parse(line))
      return kind
    })
    assert.deepEqual(kinds, ['started', 'discovered', 'sent', 'delivered', 'stopped'])
    assert.deepEqual(said, [])
  })
})

const shown = (said: string[]): string[] => said.flatMap((line) => /line \d/.exec(line)?.[0] ?? [])

describe('the history', () => {
  const lines = [1, 2, 3].map((at) => ({
    id: `m${at}`,
    peer: bob.peer,
    name: 'bob',
    room: 'kitchen',
    sentAtMs: at,
    text: `line ${at}`,
    to: []
  }))
  const onStarted = (fake: FakePeer): void => void (fake.lines = lines)

  it('is shown to a person who comes in', async () => {
    const { said, printed } = await chat([], { interactive: true, onStarted })
    assert.deepEqual(shown(said), ['line 1', 'line 2', 'line 3'])
    assert.deepEqual(printed, [])
  })

  it('is shown to a pipe only when it asks, as many lines as it asks for', async () => {
    const { said, printed } = await chat(['/history 2'], { onStarted })
    assert.deepEqual(shown(said), ['line 2', 'line 3'])
    assert.deepEqual(printed, [])
  })
})

describe('the end of a pipe', () => {
  it('is a success when everybody has everything', async () => {
    const { code, said } = await chat(['one', 'two'], { members: [bob, ann] })
    assert.equal(code, 0)
    assert.doesNotMatch(said.join('\n'), /confirm/)
  })

  it('is a failure that names who did not get what, after a bounded wait', async () => {
    const { code, said } = await chat(['one', 'two'], {
      members: [bob, ann],
      acknowledges: false,
      deliveryTimeoutMs: 10
    })
    assert.equal(code, 1)
    assert.equal(
      said.at(-1),
      'bob did not confirm 2 messages, and ann did not confirm 2 messages (kept, and delivered when you meet again)'
    )
  })

  it('is a failure when nobody was there, or when a line could not be sent', async () => {
    const alone = await chat(['one'])
    assert.deepEqual(
      [alone.code, alone.said.at(-1)],
      [1, 'nobody was in the room kitchen to get 1 message']
    )
    const refused = await chat(['unsendable'], { members: [bob] })
    assert.deepEqual([refused.code, refused.said.at(-1)], [1, 'that cannot be sent'])
    const unknown = await chat(['/to cy hello'], { members: [bob] })
    assert.equal(unknown.code, 1)
    assert.deepEqual(unknown.peer.sent, [])
  })

  it('names people who have not said their names yet, and is understood when they have', async () => {
    const { name, ...nameless } = bob
    const { code, peer } = await chat(['/to bob hello'], {
      members: [nameless],
      onStarted: (fake) =>
        setImmediate(() => {
          fake.members = [bob]
          fake.emit({ event: 'discovered', peer: bob.peer, name: name ?? '', room: 'kitchen' })
        })
    })
    assert.deepEqual([code, peer.sent], [0, [{ text: 'hello', to: bob.peer }]])
  })

  it('is a failure when somebody refused it, which is told once', async () => {
    const { code, said } = await chat(['one'], { members: [bob], refuses: true })
    assert.deepEqual([code, said.slice(2)], [1, ['it was refused']])
  })

  it('is a success when there was nothing to send', async () => {
    assert.equal((await chat([])).code, 0)
  })

  it('waits no longer once the program is asked to leave', async () => {
    const leaving = new AbortController()
    const { code, said } = await chat(['one', () => setImmediate(() => leaving.abort())], {
      members: [bob],
      acknowledges: false,
      signal: leaving.signal
    })
    assert.equal(code, 0)
    assert.equal(
      said.at(-1),
      'bob did not confirm 1 message (kept, and delivered when you meet again)'
    )
  })
})

describe('a person', () => {
  it('is told at once that nobody is there, and has not failed', async () => {
    const { code, peer, said } = await chat(['hello'], { interactive: true })
    assert.equal(code, 0)
    assert.deepEqual(peer.sent, [])
    assert.match(said.join('\n'), /nobody else is in the room yet, so nobody gets that/)
  })

  it('is told what is wrong with a line, and has not failed', async () => {
    const { code, said } = await chat(['/pears', '/to cy hi', '/to bob', 'unsendable'], {
      interactive: true,
      members: [bob]
    })
    assert.equal(code, 0)
    const text = said.join('\n')
    assert.match(text, /no command \/pears: did you mean \/peers\?/)
    assert.match(text, /nobody here is called cy/)
    assert.match(text, /say what: \/to NAME TEXT/)
    assert.match(text, /that cannot be sent/)
  })
})

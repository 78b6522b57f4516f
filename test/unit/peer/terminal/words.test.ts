// What each event says to a person.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { PeerEvent } from '../../../../peer/events.ts'
import { wordsFor } from '../../../../peer/terminal/words.ts'

const RELAY = '12D3KooWAAAAAAAArrrrrrrr'
const peer = 'bob'
const room = 'kitchen'

/** `kind text` of every line. */
const words = (event: PeerEvent): string[] =>
  wordsFor(event, (id) => id, room).map(({ kind, text }) => `${kind} ${text}`)

const EXPECTED: Array<[PeerEvent, string[]]> = [
  [
    { event: 'started', peerId: 'me', name: 'ann', addresses: ['/ip4/1.2.3.4/tcp/5'] },
    ['info you are me, peer me', 'verbose listening on /ip4/1.2.3.4/tcp/5']
  ],
  [
    {
      event: 'port-mapping',
      state: 'mapped',
      method: 'UPnP',
      router: '192.168.1.1',
      address: '/ip4/7.7.7.2/tcp/4001'
    },
    ['info your router at 192.168.1.1 forwards /ip4/7.7.7.2/tcp/4001 to you while this runs (UPnP)']
  ],
  [
    { event: 'port-mapping', state: 'none', reason: 'no router here answers' },
    ['verbose no port is forwarded to you: no router here answers']
  ],
  [
    { event: 'relay', relay: RELAY, address: '/ip4/1.2.3.4/tcp/5', state: 'connecting' },
    ['info connecting to the relay …rrrrrrrr at /ip4/1.2.3.4/tcp/5']
  ],
  [
    { event: 'relay', relay: RELAY, address: '/a', state: 'refused', reason: 'it is full' },
    ['info the relay …rrrrrrrr refused: it is full']
  ],
  [
    { event: 'relay', relay: RELAY, address: '/a', state: 'lost' },
    ['info lost the relay …rrrrrrrr']
  ],
  [
    { event: 'relay-leaving', relay: RELAY, address: '/a', seconds: 8, relayed: [] },
    ['info the relay …rrrrrrrr is shutting down; what is direct goes on']
  ],
  [
    { event: 'relay-leaving', relay: RELAY, address: '/a', seconds: 8, relayed: ['bob', 'cid'] },
    [
      'info the relay …rrrrrrrr is shutting down: what is relayed there (bob, cid) ends within 8 s, what is direct goes on'
    ]
  ],
  [{ event: 'discovered', peer, room }, ['info bob is in the room']],
  [{ event: 'left', peer, room }, ['info bob left the room']],
  [
    { event: 'waiting', peer, messages: 2 },
    ['info 2 messages wait for bob, to be delivered when both of you are here again']
  ],
  [
    { event: 'path', peer, path: 'relayed', was: 'none', ms: 80 },
    ['info path to bob: relayed after 80 ms']
  ],
  [
    { event: 'path', peer, path: 'direct', was: 'relayed', address: '/a', ms: 412 },
    ['info path to bob: direct (was relayed) after 412 ms']
  ],
  [
    { event: 'path', peer, path: 'relayed', was: 'direct', reason: 'it broke', ms: 9 },
    ['info path to bob: relayed (was direct) after 9 ms: it broke']
  ],
  [
    { event: 'path', peer, path: 'none', was: 'direct', reason: 'it went silent', ms: 9 },
    ['info path to bob: none (was direct): it went silent']
  ],
  [
    {
      event: 'punch',
      peer,
      attempt: 2,
      via: 'dcutr',
      role: 'initiator',
      candidates: ['/a', '/b'],
      outcome: 'failed',
      reason: 'nobody answered',
      ms: 70
    },
    [
      'verbose hole punch 2 with bob as initiator: failed after 70 ms: nobody answered',
      'verbose   candidates: /a, /b'
    ]
  ],
  [
    {
      event: 'punch',
      peer,
      attempt: 1,
      via: 'dcutr',
      role: 'responder',
      candidates: ['/a'],
      outcome: 'direct',
      nats: {
        own: { mapping: 'endpoint-independent', ports: 'preserved', seen: [] },
        other: { mapping: 'address-and-port-dependent', ports: 'random', seen: [40_001, 40_417] }
      },
      guesses: 812,
      ms: 300
    },
    [
      'verbose hole punch 1 with bob as responder: direct after 300 ms',
      'verbose   candidates: /a',
      'verbose   NATs: yours endpoint-independent, ports preserved (none seen); theirs address-and-port-dependent, ports random (40001, 40417); 812 ports guessed'
    ]
  ],
  [
    {
      event: 'punch',
      peer,
      attempt: 0,
      via: 'meeting',
      role: 'responder',
      candidates: ['/a'],
      outcome: 'direct',
      ms: 130
    },
    [
      'verbose hole punch on meeting bob as responder: direct after 130 ms',
      'verbose   candidates: /a'
    ]
  ],
  [{ event: 'message', peer, room, id: 'm1', text: 'hello', sentAt: '' }, ['data bob: hello']],
  [
    { event: 'message', peer, id: 'm1', text: 'hello', sentAt: '' },
    ['data bob (to you alone): hello']
  ],
  [
    { event: 'message', peer, room: 'cellar', id: 'm1', text: 'hello', sentAt: '' },
    ['data [cellar] bob: hello']
  ],
  [
    { event: 'message', peer, room: 'x] ann: hello\u001B[2J', id: 'm1', text: 'y', sentAt: '' },
    ['data [x] ann· hello␛[2J] bob: y']
  ],
  [
    { event: 'message', peer, room: '\u2800', id: 'm1', text: 'hello', sentAt: '' },
    ['data [another room] bob: hello']
  ],
  [{ event: 'sent', id: 'm1', to: [peer] }, []],
  [{ event: 'delivered', id: 'm1', peer }, ['verbose bob has message m1']],
  [{ event: 'error', code: 'x', message: 'it is broken' }, ['info it is broken']],
  [{ event: 'stopped' }, []]
]

for (const [event, lines] of EXPECTED) {
  it(`${event.event} is told as ${lines.join(' + ') || 'nothing'}`, () => {
    assert.deepEqual(words(event), lines)
  })
}

it('nothing that a remote wrote gets through as a control character', () => {
  const evil = 'x\u001B[2J\ny\u202E'
  const events: PeerEvent[] = [
    { event: 'message', peer: evil, room, id: evil, text: evil, sentAt: evil },
    { event: 'message', peer, room: evil, id: evil, text: evil, sentAt: evil },
    { event: 'path', peer: evil, path: 'none', was: 'direct', reason: evil, ms: 0 },
    { event: 'relay', relay: evil, address: evil, state: 'refused', reason: evil },
    { event: 'error', code: evil, message: evil }
  ]
  for (const line of events.flatMap(words)) assert.doesNotMatch(line, /[\p{Cc}\u202E]/v)
})

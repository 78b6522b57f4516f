// Relays that cannot be used, for one reason or another, and relays that go and come back.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Relay } from '../../relay/relay.ts'
import { freePort, portOf, relayAt } from '../support/relay-at.ts'
import { guest, roomScene } from '../support/room-scene.ts'
import { relayScene } from '../support/relay-scene.ts'
import { stallingRelay } from '../support/stalling-relay.ts'

const SOMEBODY = '12D3KooWEHUQf4tPKh6TeSX5WdAhMP5xmtLXQDAeWrfUW8TLKvvv'

/** The address of a TCP server that is no libp2p node. */
async function serverAt(test: TestContext, serve: (socket: net.Socket) => void): Promise<string> {
  const sockets = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    sockets.add(socket.on('error', () => undefined))
    serve(socket)
  })
  test.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `/ip4/127.0.0.1/tcp/${portOf(server)}/p2p/${SOMEBODY}`
}

/** A peer with that relay alone starts all the same, and is told exactly this. */
async function cannotJoin(relay: string, message: string): Promise<void> {
  await using ann = await guest([relay], 'ann')
  const failed = ann.of('relay').find(({ reason }) => reason !== undefined)
  assert.equal(failed?.reason, message)
  assert.equal(failed.address, relay)
  assert.deepEqual(ann.of('error'), [])
}

describe('a relay that cannot be used', () => {
  it('is not there', async () => {
    const relay = `/ip4/127.0.0.1/tcp/${await freePort()}/p2p/${SOMEBODY}`
    const message = `nothing listens at ${relay}: is the relay running, and is its port right?`
    await cannotJoin(relay, message)
  })

  it('has a name that nobody knows', async () => {
    const relay = `/dns4/no-such-host.invalid/tcp/4001/p2p/${SOMEBODY}`
    const message = `the name in ${relay} cannot be resolved: check it, or use the relay's IP address`
    await cannotJoin(relay, message)
  })

  it('is another peer than the one that is named', async () => {
    await using scene = await relayScene()
    const relay = scene.address.toString().replace(/p2p\/.*/, `p2p/${SOMEBODY}`)
    const message = `another peer than the one named answers at ${relay}: copy the address that the relay prints now, or leave out its /p2p/… to take whichever relay answers there`
    await cannotJoin(relay, message)
  })

  it('is a peer that is no relay', async () => {
    await using scene = await roomScene()
    const ann = await scene.join('ann')
    const relay = ann.of('started')[0]?.addresses[0] ?? ''
    const message = `the peer at ${relay} is no relay: it does not speak circuit relay v2`
    await cannotJoin(relay, message)
  })

  it('is full', async () => {
    await using scene = await relayScene({ reservations: 0 })
    const relay = scene.address.toString()
    const message = `the relay at ${relay} refused a reservation (RESERVATION_REFUSED): it may be full or closed to you; try another one or ask who runs it`
    await cannotJoin(relay, message)
  })

  for (const [what, serve] of [
    ['garbage before it is asked', (socket) => socket.write(Buffer.alloc(50, 0xff))],
    ['a greeting of another protocol', (socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n')],
    [
      'an HTTP answer',
      (socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    ],
    ['what it hears', (socket) => socket.pipe(socket)],
    ['nothing and hangs up', (socket) => socket.end()],
    ['nothing and resets', (socket) => socket.resetAndDestroy()]
  ] as Array<[string, (socket: net.Socket) => unknown]>) {
    it(`is a server that says ${what}`, async (t) => {
      const relay = await serverAt(t, serve)
      const message = `what answers at ${relay} does not speak libp2p: check the port`
      await cannotJoin(relay, message)
    })
  }

  it('takes the connection and is silent', async (t) => {
    const relay = await serverAt(t, (socket) => socket.resume())
    const message = `${relay} does not answer: check the address, and that a firewall lets its port through`
    await cannotJoin(relay, message)
  })

  it('takes the connection and never answers a reservation', async () => {
    await using silent = await stallingRelay('reserve')
    const relay = silent.address.toString()
    const message = `the relay at ${relay} accepts connections but does not answer a reservation: try again later or another one, or ask who runs it`
    await cannotJoin(relay, message)
  })

  for (const relay of ['hello', '', '/ip4/127.0.0.1/udp/4001', `/p2p/${SOMEBODY}`]) {
    it(`is written "${relay}", which is wrong usage`, async () => {
      await assert.rejects(guest([relay], 'ann'), { name: 'UsageError', exitCode: 2 })
    })
  }

  it('does not keep a peer out that has another one', async () => {
    await using scene = await relayScene()
    const gone = `/ip4/127.0.0.1/tcp/${await freePort()}/p2p/${SOMEBODY}`
    await using ann = await guest([gone, scene.address], 'ann')
    await using ben = await guest([scene.address], 'ben')
    await Promise.all([ann.knows('ben'), ben.knows('ann')])
    const lost = await ann.log.first((event) => event.event === 'relay' && event.state === 'lost')
    assert.match(JSON.stringify(lost), /nothing listens at/)
  })
})

describe('several relays', () => {
  it('all have a place for a peer that asks them at the same moment', async () => {
    await using stack = new AsyncDisposableStack()
    const scenes = await Promise.all([1, 2, 3, 4].map(async () => stack.use(await relayScene())))
    const relays = scenes.map(({ address }) => address)
    const { log, of } = stack.use(await guest(relays, 'ann'))
    const reserved = await log.until(() => {
      const told = of('relay').filter(({ state }) => state === 'reserved')
      return told.length >= relays.length && told.map(({ address }) => address)
    })
    assert.deepEqual(reserved.toSorted(), relays.map(String).toSorted())
  })
})

describe('a relay that comes back', () => {
  it('is found again under its address, and newcomers are met there', async (t) => {
    const [port, privateKey] = [await freePort(), await generateKeyPair('Ed25519')]
    const start = async (): Promise<Relay> => relayAt(t, port, privateKey)
    const first = await start()
    const [address = ''] = first.addresses
    await using ann = await guest([address], 'ann')
    await first[Symbol.asyncDispose]()
    await ann.log.first((event) => event.event === 'relay' && event.state === 'lost')
    await start()
    await ann.log.until(
      () => ann.of('relay').filter(({ state }) => state === 'reserved').length === 2
    )
    await using ben = await guest([address], 'ben')
    await Promise.all([ann.knows('ben'), ben.knows('ann')])
    ben.peer.send('hello')
    assert.deepEqual(await ann.hears(1), ['ben: hello'])
  })

  it('carries the talk of those who have no other path on, with what was said meanwhile', async (t) => {
    const [port, privateKey] = [await freePort(), await generateKeyPair('Ed25519')]
    const start = async (): Promise<Relay> => relayAt(t, port, privateKey)
    const first = await start()
    const [address = ''] = first.addresses
    await using ann = await guest([address], 'ann', { relayedOnly: true })
    await using ben = await guest([address], 'ben', { relayedOnly: true })
    await Promise.all([ann.path('ben', 'relayed'), ben.path('ann', 'relayed')])
    ann.peer.send('before')
    await ben.hears(1)
    await first[Symbol.asyncDispose]()
    await Promise.all([ann.path('ben', 'none'), ben.path('ann', 'none')])
    ann.peer.send('meanwhile')
    await start()
    assert.deepEqual(await ben.hears(2), ['ann: before', 'ann: meanwhile'])
    assert.deepEqual([ann.of('left'), ben.of('left')], [[], []])
  })

  it('has a place again for a peer that it refused while another relay served it', async () => {
    await using full = await relayScene({ reservations: 1 })
    await using other = await relayScene()
    const first = await guest([full.address], 'first')
    await using ann = await guest([full.address, other.address], 'ann')
    // The connection that it was refused on must not be in the way of the next try.
    await ann.log.until(
      () => ann.of('relay').filter(({ state }) => state === 'refused').length === 2
    )
    await first[Symbol.asyncDispose]()
    await ann.log.until(
      () => ann.of('relay').filter(({ state }) => state === 'reserved').length === 2
    )
    assert.ok(ann.of('relay').every(({ state }) => state !== 'lost'))
  })
})

describe('a peer that cannot start', () => {
  it('says so of a port that another one listens on', async (t) => {
    await using scene = await relayScene()
    const server = net.createServer().listen(0, '127.0.0.1')
    t.after(() => server.close())
    await once(server, 'listening')
    const listen = `/ip4/127.0.0.1/tcp/${portOf(server)}`
    await assert.rejects(guest([scene.address], 'ann', { listen: [listen] }), {
      name: 'UserError',
      code: 'cannot-listen',
      message: `cannot listen on ${listen}: the port is in use (another copy of this program?); choose another one with --listen`
    })
  })

  it('says so of a port that another copy of it listens on', async () => {
    await using scene = await roomScene()
    const ann = await scene.join('ann')
    const listen = (ann.of('started')[0]?.addresses[0] ?? '').replace(/\/p2p\/.*/, '')
    await assert.rejects(scene.join('ben', { listen: [listen] }), { code: 'cannot-listen' })
  })
})

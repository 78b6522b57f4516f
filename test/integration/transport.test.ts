// TCP that dials from its listening port and takes its role from the punch, over real sockets on loopback.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { describe, it } from 'node:test'
import type { Connection } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { withoutPeer } from '../../shared/addresses.ts'
import type { BoundDialOptions } from '../../shared/transport/bound-tcp.ts'
import { callOff, connectFrom, type Target } from '../../shared/transport/connect-from.ts'
import { sendNow } from '../../shared/transport/gathered-seals.ts'
import { bindBeside } from '../../shared/transport/port-reuse.ts'
import { echoes, patience, startBoundNode } from '../support/punchers.ts'

type Bound = Awaited<ReturnType<typeof startBoundNode>>
type Options = Partial<Pick<BoundDialOptions, 'signal' | 'source' | 'punch'>> & {
  initiator?: boolean
}

async function dial(from: Bound, to: Bound, options: Options = {}): Promise<Connection> {
  const all = { signal: patience(), ...options }
  return from.transportManager.dial(to.address, all)
}

/** The connections to a peer, where they come from and who opened them. */
const seenBy = (node: Bound, other: Bound): Array<[string, string]> =>
  node.node
    .getConnections(other.node.peerId)
    .map(({ remoteAddr, direction }) => [withoutPeer(remoteAddr).toString(), direction])

const portOf = (bound: Bound): string => withoutPeer(bound.address).toString()

function addressOf(server: net.Server): Target {
  const found = server.address()
  assert.ok(typeof found === 'object' && found !== null)
  return { host: found.address, port: found.port }
}

/** Calls the dial off when the server has accepted it and been spoken to. */
async function dialAndCallOff(from: Bound, to: net.Server): Promise<void> {
  to.listen(0, '127.0.0.1')
  await once(to, 'listening')
  const calledOff = new AbortController()
  to.once('connection', (socket) => socket.once('data', () => calledOff.abort()))
  const target = multiaddr(`/ip4/127.0.0.1/tcp/${addressOf(to).port}`)
  const { signal } = calledOff
  await assert.rejects(from.transportManager.dial(target, { signal }))
}

/** With the code of an error, or in order. */
async function howItEnds(socket: net.Socket | undefined): Promise<string> {
  if (socket === undefined) return 'nobody connected'
  const { promise, resolve } = Promise.withResolvers<string>()
  socket.once('end', () => resolve('in order'))
  socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  const how = await promise
  socket.destroy()
  return how
}

describe('a dial', () => {
  it('leaves from the port that we listen on', async () => {
    await using near = await startBoundNode()
    await using far = await startBoundNode()
    await echoes(await dial(near, far))
    assert.deepEqual(seenBy(far, near), [[portOf(near), 'inbound']])
  })

  it('leaves from another port when no trace of it may lie on a later punch', async () => {
    await using near = await startBoundNode()
    await using far = await startBoundNode()
    await echoes(await dial(near, far, { source: 'ephemeral' }))
    assert.notEqual(seenBy(far, near)[0]?.[0], portOf(near))
  })

  it('leaves from another port where the platform does not let one port listen and dial', async () => {
    await using near = await startBoundNode({ reuse: { available: false, reason: 'as a test' } })
    await using far = await startBoundNode()
    await echoes(await dial(near, far))
    assert.notEqual(seenBy(far, near)[0]?.[0], portOf(near))
  })

  it('leaves a connection that outlives the deadline of the dial that made it', async () => {
    await using near = await startBoundNode()
    await using far = await startBoundNode()
    const deadline = new AbortController()
    const connection = await dial(near, far, { signal: deadline.signal, source: 'ephemeral' })
    deadline.abort()
    await echoes(connection)
  })

  it('goes around a pair of ports that is in use, and a punch does not', async () => {
    await using near = await startBoundNode()
    await using far = await startBoundNode()
    await dial(near, far)
    await assert.rejects(dial(near, far, { punch: true }), { code: 'EADDRNOTAVAIL' })
    await echoes(await dial(near, far))
    const [first, second] = seenBy(far, near)
    assert.equal(first?.[0], portOf(near))
    assert.notEqual(second?.[0], portOf(near))
  })

  it('resolves a name, says where it led, and leaves from the listening port all the same', async () => {
    await using near = await startBoundNode()
    await using far = await startBoundNode()
    const named = multiaddr(far.address.toString().replace('/ip4/127.0.0.1', '/dns4/localhost'))
    const connection = await near.transportManager.dial(named, { signal: patience() })
    await echoes(connection)
    assert.deepEqual(seenBy(far, near), [[portOf(near), 'inbound']])
    assert.equal(connection.remoteAddr.toString(), far.address.toString())
  })

  it('says that nobody listens, and can be repeated as often as one likes', async () => {
    await using near = await startBoundNode()
    const server = net.createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = addressOf(server)
    server.close()
    await once(server, 'close')
    const nobody = multiaddr(`/ip4/127.0.0.1/tcp/${port}/p2p/${near.id}`)
    for (let times = 0; times < 20; times += 1) {
      const dialled = near.transportManager.dial(nobody, { signal: patience() })
      await assert.rejects(dialled, { code: 'ECONNREFUSED' })
    }
  })

  it('that is called off in its handshake is reset, so that nothing of it lies on its two ports', async () => {
    await using near = await startBoundNode()
    await using silent = net.createServer()
    const [socket] = await Promise.all([
      once(silent, 'connection').then(([accepted]: net.Socket[]) => accepted),
      dialAndCallOff(near, silent)
    ])
    assert.equal(await howItEnds(socket), 'ECONNRESET')
  })

  it('that is called off when the kernel is connected and has not said so is reset as well', async () => {
    await using server = net.createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const calledOff = new AbortController()
    const accepted = once(server, 'connection').then(([socket]: net.Socket[]) => socket)
    const local = bindBeside('127.0.0.1', 0)
    const connecting = connectFrom(local, addressOf(server), calledOff.signal)
    process.nextTick(() => calledOff.abort(new Error('not now')))
    await assert.rejects(connecting, { message: 'not now' })
    assert.equal(await howItEnds(await accepted), 'ECONNRESET')
  })

  it('that is called off before the kernel has heard of it closes', async () => {
    const socket = new net.Socket()
    const closed = once(socket, 'close', { signal: patience() })
    socket.connect({ host: '127.0.0.1', port: 9 })
    callOff(socket)
    await closed
  })

  it('is called off by its signal', async () => {
    await using near = await startBoundNode()
    await using far = await startBoundNode()
    await assert.rejects(dial(near, far, { signal: AbortSignal.abort(new Error('not now')) }))
    assert.deepEqual(seenBy(far, near), [])
  })
})

it('a connection of a node can be told to send at once what waits on it', async () => {
  await using near = await startBoundNode()
  await using far = await startBoundNode()
  assert.equal(sendNow(await dial(near, far)), true)
})

describe('the role on a connection', () => {
  it('is that of the punch when both sides dial at once, whoever accepts', async () => {
    await using client = await startBoundNode()
    await using server = await startBoundNode()
    for (let times = 0; times < 10; times += 1) {
      const over = [
        client.punches.add([server.address], 'client'),
        server.punches.add([client.address], 'server')
      ]
      const connection = await Promise.any([
        dial(client, server, { initiator: true, punch: true }),
        dial(server, client, { initiator: false, punch: true })
      ])
      await echoes(connection)
      for (const release of over) release()
      for (const [, direction] of seenBy(client, server)) assert.equal(direction, 'outbound')
      for (const [, direction] of seenBy(server, client)) assert.equal(direction, 'inbound')
      await Promise.all(
        [...client.node.getConnections(), ...server.node.getConnections()].map(async (each) =>
          each.close()
        )
      )
    }
  })

  it('is the client of the punch on a socket that was accepted from its very address', async () => {
    await using client = await startBoundNode()
    await using server = await startBoundNode()
    client.punches.add([server.address], 'client')
    await echoes(await dial(server, client, { initiator: false, punch: true }))
    assert.deepEqual(seenBy(client, server), [[portOf(server), 'outbound']])
    assert.deepEqual(seenBy(server, client), [[portOf(client), 'inbound']])
  })

  it('is the client of the punch on a socket from another port of that host that keeps silent', async () => {
    await using client = await startBoundNode()
    await using server = await startBoundNode()
    client.punches.add([server.address], 'client')
    const options = { initiator: false, punch: true, source: 'ephemeral' } as const
    await echoes(await dial(server, client, options))
    assert.equal(seenBy(client, server)[0]?.[1], 'outbound')
  })

  it('is the server as ever on a socket from another port of that host that speaks', async () => {
    await using client = await startBoundNode()
    await using other = await startBoundNode()
    client.punches.add([multiaddr('/ip4/127.0.0.1/tcp/1')], 'client')
    await echoes(await dial(other, client))
    assert.deepEqual(seenBy(client, other), [[portOf(other), 'inbound']])
  })

  it('is nobody’s when both wait to be spoken to: without the punch it does not connect', async () => {
    await using client = await startBoundNode()
    await using server = await startBoundNode()
    const signal = AbortSignal.timeout(500)
    await assert.rejects(dial(server, client, { initiator: false, punch: true, signal }))
    assert.deepEqual(seenBy(client, server), [])
  })
})

// A relay on loopback that is asked to dial back: what it tells, whom it dials, and what it refuses.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import { describe, it } from 'node:test'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { askDialBack, filteringSeenBy } from '../../peer/nat/dial-back.ts'
import { tcpEndpoint } from '../../shared/addresses.ts'
import { DIAL_BACK_PROTOCOL, encodeDialBackRequest } from '../../shared/wire/dial-back.ts'
import { lengthPrefixed } from '../../shared/wire/field-writer.ts'
import { eventually } from '../support/eventually.ts'
import { patience, startBoundNode } from '../support/punchers.ts'
import { guest } from '../support/relay-guests.ts'
import { relayScene, stockPeer, type RelayScene } from '../support/relay-scene.ts'

const LOOPBACK = '127.0.0.1'
const SIGNAL = { signal: new AbortController().signal }
const ASKED = { localEnd: () => ({ host: LOOPBACK, port: 4001 }) }
const SOMEBODY = '12D3KooWEHUQf4tPKh6TeSX5WdAhMP5xmtLXQDAeWrfUW8TLKvvv'

interface Visit {
  bytes: number
  error: string | undefined
}

interface House extends Disposable {
  port: number
  visits: Promise<Visit>[]
}

/** Lets everybody in, and notes what they say. */
async function openHouse(): Promise<House> {
  const visits: Promise<Visit>[] = []
  const server = net.createServer((socket) => {
    const visit: Visit = { bytes: 0, error: undefined }
    socket.on('data', (data) => (visit.bytes += data.byteLength))
    socket.on('error', (error: NodeJS.ErrnoException) => (visit.error = error.code))
    visits.push(new Promise((resolve) => socket.once('close', () => resolve(visit))))
  })
  const port = await listening(server)
  return { port, visits, [Symbol.dispose]: () => void server.close() }
}

/** Nobody listens there. */
async function closedPort(): Promise<number> {
  const server = net.createServer()
  const port = await listening(server)
  server.close()
  await once(server, 'close')
  return port
}

async function listening(server: net.Server): Promise<number> {
  server.listen(0, LOOPBACK)
  await once(server, 'listening')
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  return address.port
}

/** A program that is stopped, with a full queue: the kernel says nothing to more. */
async function silentPort(): Promise<{ port: number } & AsyncDisposable> {
  const program = `const s = require('net').createServer().listen({ port: 0, host: '${LOOPBACK}', backlog: 1 }, () => console.log(s.address().port))`
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(child.stdout, 'data')
  const port = Number(String(line))
  child.kill('SIGSTOP')
  const crowd = Array.from({ length: 4 }, () => net.connect(port, LOOPBACK))
  for (const socket of crowd) socket.on('error', () => undefined)
  await Promise.all(crowd.slice(0, 2).map(async (socket) => once(socket, 'connect')))
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of crowd) socket.destroy()
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  }
}

const used = ({ relay }: RelayScene): number | undefined =>
  relay.usage().find(({ limit }) => limit === 'dial-backs')?.used

describe('a relay that is asked to dial back', () => {
  it('connects, says nothing, and resets the connection', async () => {
    await using scene = await relayScene()
    using house = await openHouse()
    const { toRelay } = await guest(scene)
    assert.equal(await askDialBack(toRelay, house.port, SIGNAL), 'connected')
    await eventually(
      () => house.visits.length,
      (count) => count === 1
    )
    assert.deepEqual(await Promise.all(house.visits), [{ bytes: 0, error: 'ECONNRESET' }])
    assert.equal(used(scene), 0)
  })

  it('tells that it was refused', async () => {
    await using scene = await relayScene()
    const { toRelay } = await guest(scene)
    assert.equal(await askDialBack(toRelay, await closedPort(), SIGNAL), 'refused')
  })

  it('tells that nobody answers, and has done by then', async () => {
    await using scene = await relayScene({ 'hop-seconds': 1 })
    await using silent = await silentPort()
    const { toRelay } = await guest(scene)
    const startedMs = performance.now()
    assert.equal(await askDialBack(toRelay, silent.port, SIGNAL), 'silent')
    assert.ok(performance.now() - startedMs < 4_000)
    assert.equal(used(scene), 0)
  })

  it('stops without waiting for the answer', async () => {
    await using scene = await relayScene()
    await using silent = await silentPort()
    const { toRelay } = await guest(scene)
    const asked = assert.rejects(askDialBack(toRelay, silent.port, SIGNAL))
    await eventually(
      () => used(scene),
      (count) => count === 1
    )
    await scene.relay[Symbol.asyncDispose]()
    await asked
  })

  it('finds a listener of ours, which goes on as before', async () => {
    await using scene = await relayScene()
    await using us = await startBoundNode()
    const connection = await us.node.dial(scene.address, { signal: patience() })
    const { port } = tcpEndpoint(us.address)!
    const mapped = multiaddr(`/ip4/7.7.7.2/tcp/${port}`)
    for (const _ of [1, 2, 3]) {
      assert.equal(await filteringSeenBy({ ...ASKED, connection, mapped }, SIGNAL), 'open')
    }
    const visitor = await scene.plainPeer()
    const visit = await visitor.dial(us.node.getMultiaddrs(), { signal: patience() })
    assert.equal(visit.status, 'open')
  })
})

describe('a relay does not dial back', () => {
  it('a port of system services', async () => {
    await using scene = await relayScene()
    const { toRelay, id: peer } = await guest(scene)
    assert.equal(await askDialBack(toRelay, 22, SIGNAL), 'unable')
    const { reason } = await scene.event('dial-back', { peer })
    assert.equal(reason, 'port 22 is one of system services')
  })

  for (const limit of ['dial-back-rate-per-peer', 'dial-back-rate-per-host'] as const) {
    it(`more often than ${limit} says`, async () => {
      await using scene = await relayScene({ [limit]: 2 })
      using house = await openHouse()
      const [one, other] = [await guest(scene), await guest(scene)]
      const outcomes = []
      for (const { toRelay } of [one, one, one, other]) {
        outcomes.push(await askDialBack(toRelay, house.port, SIGNAL))
      }
      const shared = limit === 'dial-back-rate-per-host'
      const last = shared ? 'unable' : 'connected'
      assert.deepEqual(outcomes, ['connected', 'connected', 'unable', last])
      await scene.event('dial-back', { action: 'refused', limit })
      assert.equal(scene.relay.refusals[limit], shared ? 2 : 1)
    })
  }

  it('more than dial-backs at a time, and the next when one is done', async () => {
    await using scene = await relayScene({ 'dial-backs': 1 })
    await using silent = await silentPort()
    using house = await openHouse()
    const [one, other] = [await guest(scene), await guest(scene)]
    const first = askDialBack(one.toRelay, silent.port, SIGNAL)
    await eventually(
      () => used(scene),
      (count) => count === 1
    )
    assert.equal(await askDialBack(other.toRelay, house.port, SIGNAL), 'unable')
    assert.equal((await scene.event('dial-back', { peer: other.id })).limit, 'dial-backs')
    assert.equal(await first, 'silent')
    assert.equal(await askDialBack(other.toRelay, house.port, SIGNAL), 'connected')
  })

  it('those whom it is not for', async () => {
    await using scene = await relayScene({}, { access: { allow: [SOMEBODY] } })
    using house = await openHouse()
    const { toRelay } = await guest(scene)
    assert.equal(await askDialBack(toRelay, house.port, SIGNAL), 'unable')
    assert.equal((await scene.event('dial-back')).rule, 'allow')
    assert.equal(house.visits.length, 0)
  })

  it('who asks for it with what is no request, and takes that as an offence', async () => {
    await using scene = await relayScene({ 'offences-per-peer': 3 })
    const { toRelay } = await guest(scene)
    const garbage = [
      [0],
      [2, 8, 0],
      [2, 0x10, 9],
      [0xff, 0xff, 0xff],
      lengthPrefixed(encodeDialBackRequest(70_000))
    ]
    const closed = once(toRelay, 'close')
    for (const bytes of garbage) {
      if (toRelay.status !== 'open') break
      const stream = await toRelay.newStream(DIAL_BACK_PROTOCOL, { signal: patience() })
      stream.send(Uint8Array.from(bytes))
      await once(stream, 'close')
    }
    await closed
    await scene.event('connection', { action: 'closed', limit: 'offences-per-peer' })
  })
})

describe('a peer that asks', () => {
  it('learns nothing from a relay that does not speak it', async () => {
    const old = await stockPeer([`/ip4/${LOOPBACK}/tcp/0`], [tcp()])
    await old.start()
    await using us = await startBoundNode()
    const connection = await us.node.dial(old.getMultiaddrs(), { signal: patience() })
    const mapped = multiaddr('/ip4/7.7.7.2/tcp/4001')
    assert.equal(await filteringSeenBy({ ...ASKED, connection, mapped }, SIGNAL), 'unknown')
    assert.equal(connection.status, 'open')
    await old.stop()
  })

  it('does not when it has no public address of IPv4, or the port is one of system services', async () => {
    const connection = {
      newStream: async () => assert.fail('nothing is to be asked'),
      remoteAddr: multiaddr('/ip4/7.7.7.1/tcp/4001')
    }
    for (const address of [
      '/ip4/192.168.1.2/tcp/4001',
      '/ip6/2a01::7/tcp/4001',
      '/ip4/7.7.7.2/tcp/22'
    ]) {
      const mapped = multiaddr(address)
      assert.equal(
        await filteringSeenBy({ ...ASKED, connection, mapped }, SIGNAL),
        'unknown',
        address
      )
    }
    assert.equal(
      await filteringSeenBy({ ...ASKED, connection, mapped: undefined }, SIGNAL),
      'unknown'
    )
  })
})

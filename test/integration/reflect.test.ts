// A relay's reflecting port on loopback: what it tells, to whom, and what becomes of those who ask otherwise.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey, PeerId } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { askReflection, commitmentOf, reflectPortsOf } from '../../peer/nat/reflections.ts'
import { lengthPrefixed } from '../../shared/wire/field-writer.ts'
import {
  encodeReflection,
  encodeReflectRequest,
  reflectionStatement
} from '../../shared/wire/reflect.ts'
import { multiaddr } from '@multiformats/multiaddr'
import { patience, startBoundNode } from '../support/punchers.ts'
import { relayScene, type RelayScene } from '../support/relay-scene.ts'

const LOOPBACK = '127.0.0.1'

describe('a relay that reflects', () => {
  it('tells its port, and there where it sees whoever dials from the listening port, signed', async () => {
    await using scene = await relayScene()
    await using asker = await startBoundNode()
    const { connection, port } = await meet(scene, asker)
    const listeningPort = Number(asker.address.getComponents()[1]!.value)
    const { reflection, salt, localPort } = await askReflection({
      destination: { host: LOOPBACK, port },
      relayKey: connection.remotePeer.publicKey!,
      self: asker.node.peerId,
      local: { host: LOOPBACK, port: listeningPort },
      signal: patience()
    })
    assert.equal(reflection.address.toString(), `/ip4/${LOOPBACK}/tcp/${listeningPort}`)
    assert.equal(localPort, listeningPort)
    assert.ok(Math.abs(reflection.unixSeconds - Date.now() / 1_000) < 10)
    assert.equal(salt.byteLength, 16)
  })

  it('answers again at once from the same port', async () => {
    await using scene = await relayScene()
    await using asker = await startBoundNode()
    const { connection, port } = await meet(scene, asker)
    const local = { host: LOOPBACK, port: Number(asker.address.getComponents()[1]!.value) }
    for (let n = 0; n < 5; n += 1) {
      await askReflection({
        destination: { host: LOOPBACK, port },
        relayKey: connection.remotePeer.publicKey!,
        self: asker.node.peerId,
        local,
        signal: patience()
      })
    }
  })

  it('is off when that is asked for', async () => {
    await using scene = await relayScene({}, { reflectPort: 'off' })
    await using asker = await startBoundNode()
    const connection = await asker.node.dial(scene.address, { signal: patience() })
    await assert.rejects(reflectPortsOf(connection, { signal: patience() }))
  })

  it('goes on without when the port is taken, and says so', async () => {
    const other = net.createServer().listen(0, LOOPBACK)
    await once(other, 'listening')
    const { port } = portOf(other)
    await using scene = await relayScene({}, { reflectPort: port })
    const { message } = await scene.event('error', { code: 'reflect-port' })
    assert.match(
      message,
      new RegExp(`^port ${port} of 127\\.0\\.0\\.1 cannot be used .*--reflect-port`)
    )
    await scene.peer({ reserve: true })
    other.close()
  })
})

describe('who asks otherwise', () => {
  const garbage = {
    'an HTTP client': 'GET / HTTP/1.1\r\nHost: relay.example\r\nAccept: */*\r\n\r\n',
    'a request of another length': 'parley/reflect/1 and then much more than the commitment has',
    zeros: Buffer.alloc(48)
  }
  for (const [who, bytes] of Object.entries(garbage)) {
    it(`gets nothing: ${who}`, async () => {
      await using scene = await relayScene()
      const socket = net.connect(await reflectPort(scene), LOOPBACK)
      socket.write(bytes)
      assert.equal((await answerOf(socket)).byteLength, 0)
    })
  }

  it('in pieces is answered all the same', async () => {
    await using scene = await relayScene()
    const socket = net.connect(await reflectPort(scene), LOOPBACK)
    socket.setNoDelay()
    const request = encodeReflectRequest(new Uint8Array(32))
    for (const byte of request) socket.write(Buffer.of(byte))
    assert.ok((await answerOf(socket)).byteLength > 64)
  })

  it('slower than a handshake may be is cut off, by the name of the limit', async () => {
    await using scene = await relayScene({ 'handshake-seconds': 0.1 })
    const socket = net.connect(await reflectPort(scene), LOOPBACK)
    socket.write('parley/')
    assert.equal((await answerOf(socket)).byteLength, 0)
    await scene.event('connection', { action: 'closed', limit: 'handshake-seconds' })
  })

  it('in too great a number is turned away like everybody, and the others go on', async () => {
    await using scene = await relayScene({ 'handshakes-per-host': 4, 'handshake-seconds': 60 })
    const port = await reflectPort(scene)
    const crowd = Array.from({ length: 8 }, () => net.connect(port, LOOPBACK))
    for (const socket of crowd) socket.on('error', () => undefined)
    await scene.event('connection', { action: 'refused', limit: 'handshakes-per-host' })
    for (const socket of crowd) socket.destroy()
    while (handshakesOf(scene) > 0) await setImmediate()
    await scene.peer({ reserve: true })
  })

  it('and leaves nothing behind when the relay stops', async () => {
    const scene = await relayScene()
    const socket = net.connect(await reflectPort(scene), LOOPBACK)
    await once(socket, 'connect')
    socket.on('error', () => undefined)
    const closed = once(socket, 'close')
    await scene[Symbol.asyncDispose]()
    await closed
  })
})

describe('a peer does not take for a reflection', () => {
  type Answer = (request: Buffer, key: Ed25519PrivateKey) => Promise<Uint8Array>
  const reflection = { address: multiaddr('/ip4/7.7.7.7/tcp/7'), unixSeconds: 1 }
  const answers: Record<string, [Answer, RegExp]> = {
    'what another key has signed': [
      async (request) => {
        const other = await relayKey()
        const signature = await other.sign(reflectionStatement(request.subarray(16), reflection))
        return lengthPrefixed(encodeReflection({ ...reflection, signature }))
      },
      /not signed/
    ],
    'what was signed for another question': [
      async (_request, key) => {
        const signature = await key.sign(reflectionStatement(new Uint8Array(32), reflection))
        return lengthPrefixed(encodeReflection({ ...reflection, signature }))
      },
      /not signed/
    ],
    'a length without end': [async () => new Uint8Array(64).fill(0xff), /too long/],
    much: [async () => Buffer.concat([Buffer.of(0xff, 0x7f), Buffer.alloc(70_000)]), /too long/],
    'a message that is none': [async () => Buffer.of(3, 0xff, 0xff, 0xff), /malformed/],
    'silence that ends': [async () => new Uint8Array(), /closes before/]
  }
  for (const [what, [answer, expected]] of Object.entries(answers)) {
    it(what, async () => {
      const key = await relayKey()
      const server = net.createServer((socket) => {
        socket.on('error', () => undefined)
        socket.once('data', (request) => {
          void answer(Buffer.from(request), key).then((bytes) => socket.end(bytes))
        })
      })
      server.listen(0, LOOPBACK)
      await once(server, 'listening')
      const asked = askReflection({
        destination: { host: LOOPBACK, port: portOf(server).port },
        relayKey: key.publicKey,
        self: peerIdFromPrivateKey(key),
        signal: patience()
      })
      await assert.rejects(asked, expected)
      server.close()
    })
  }

  it('what does not come before it is called off', async () => {
    const key = await relayKey()
    const silent = net.createServer((socket) => socket.on('error', () => undefined))
    silent.listen(0, LOOPBACK)
    await once(silent, 'listening')
    const calledOff = new AbortController()
    const asked = askReflection({
      destination: { host: LOOPBACK, port: portOf(silent).port },
      relayKey: key.publicKey,
      self: peerIdFromPrivateKey(key),
      signal: calledOff.signal
    })
    silent.once('connection', () => calledOff.abort(new Error('enough')))
    await assert.rejects(asked, /enough/)
    silent.close()
  })
})

it('a commitment is of one salt and one peer', async () => {
  const [one, other] = [await peer(), await peer()]
  const salt = new Uint8Array(16)
  assert.deepEqual(commitmentOf(salt, one), commitmentOf(salt, one))
  assert.notDeepEqual(commitmentOf(salt, one), commitmentOf(salt, other))
  assert.notDeepEqual(commitmentOf(salt, one), commitmentOf(new Uint8Array(16).fill(1), one))
})

async function relayKey(): Promise<Ed25519PrivateKey> {
  return generateKeyPair('Ed25519')
}

async function peer(): Promise<PeerId> {
  return peerIdFromPrivateKey(await relayKey())
}

async function meet(
  scene: RelayScene,
  asker: Awaited<ReturnType<typeof startBoundNode>>
): Promise<{ connection: Awaited<ReturnType<typeof asker.node.dial>>; port: number }> {
  const connection = await asker.node.dial(scene.address, { signal: patience() })
  const [port] = await reflectPortsOf(connection, { signal: patience() })
  assert.ok(port !== undefined)
  return { connection, port }
}

async function reflectPort(scene: RelayScene): Promise<number> {
  const asker = await scene.plainPeer()
  const connection = await asker.dial(scene.address, { signal: patience() })
  const [port] = await reflectPortsOf(connection, { signal: patience() })
  return port!
}

function handshakesOf({ relay }: RelayScene): number {
  return relay.usage().find(({ limit }) => limit === 'handshakes')?.used ?? 0
}

async function answerOf(socket: net.Socket): Promise<Buffer> {
  return buffer(socket).catch(() => Buffer.alloc(0))
}

function portOf(server: net.Server): AddressInfo {
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  return address
}

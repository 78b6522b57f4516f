// What a peer learns of its NAT from a real relay on loopback, and what it can show others of it.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import type { NatKind } from '../../peer/nat/nat-kind.ts'
import { reflectPortsOf } from '../../peer/nat/reflections.ts'
import { startNatWatch, type NatWatch } from '../../peer/nat/nat-watch.ts'
import type { Observer } from '../../peer/nat/survey.ts'
import { tcpEndpoint, withoutPeer } from '../../shared/addresses.ts'
import { countingRelay } from '../support/counting-relay.ts'
import { EventLog } from '../support/event-log.ts'
import { patience, startBoundNode } from '../support/punchers.ts'
import { watchedBy } from '../support/nat-watched.ts'
import { relayScene, type RelayScene } from '../support/relay-scene.ts'

interface Watching extends AsyncDisposable {
  watch: NatWatch
  node: Awaited<ReturnType<typeof startBoundNode>>
  port: number
}

/** `seenAtMainPort`: where the relay says it sees us; by default, where we are. */
async function watching(
  scene: RelayScene,
  { seenAtMainPort, hosts = ['127.0.0.1'] }: { seenAtMainPort?: number; hosts?: string[] } = {}
): Promise<Watching> {
  await using stack = new AsyncDisposableStack()
  const node = stack.use(await startBoundNode())
  const { port } = tcpEndpoint(node.address)!
  const connection = await node.node.dial(scene.address, { signal: patience() })
  const mapped = multiaddr(`/ip4/127.0.0.1/tcp/${seenAtMainPort ?? port}`)
  const observers = (): Observer[] => [
    { connection, mapped, endpoints: [], onReflecting: () => undefined }
  ]
  const listening = (): Multiaddr[] => hosts.map((host) => multiaddr(`/ip4/${host}/tcp/${port}`))
  const kinds = new EventLog<NatKind>()
  const watch = stack.use(
    startNatWatch(
      {
        self: node.node.peerId,
        observers,
        listening,
        localEnd: node.localEnd,
        onKind: (kind) => kinds.note(kind)
      },
      { signal: new AbortController().signal }
    )
  )
  watch.look()
  await kinds.first(() => true)
  const running = stack.move()
  return { watch, node, port, [Symbol.asyncDispose]: async () => running.disposeAsync() }
}

describe('the watch over the own NAT', () => {
  it('finds none when the relay sees us at our own address', async () => {
    await using scene = await relayScene()
    await using us = await watching(scene)
    const { mapping, ports, seen } = us.watch.kind
    assert.deepEqual([mapping, ports, seen.length], ['none', 'preserved', 2])
  })

  it('looks at fresh ports as well when two ports of the relay see us at two', async () => {
    await using scene = await relayScene()
    await using us = await watching(scene, {
      seenAtMainPort: 9_999,
      hosts: ['10.0.0.8', '10.0.0.9']
    })
    const { kind } = us.watch
    assert.equal(kind.mapping, 'address-and-port-dependent')
    const fresh = kind.seen.filter(({ freshPort }) => freshPort !== undefined)
    assert.equal(fresh.length, 4)
    const report = await us.watch.report(patience())
    assert.deepEqual([report?.hosts, report?.proofs.length], [1, 1])
  })

  it('tells peers of all ports where no pattern is in them', async () => {
    const ports = [50_000, 3_000, 61_000, 20_000, 33_000]
    await using relay = await countingRelay({ main: 9_999, next: () => ports.shift() ?? 0 })
    await using us = await watchedBy(() => [relay.observer])
    assert.equal(us.watch.kind.ports, 'random')
    const report = await us.watch.report(patience())
    assert.deepEqual(
      report?.seenPorts.toSorted((a, b) => a - b),
      [3_000, 9_999, 20_000, 33_000, 50_000, 61_000]
    )
  })

  it('believes another peer where it is when the same relay has seen it there, and nobody else', async () => {
    await using scene = await relayScene()
    await using us = await watching(scene)
    await using them = await watching(scene)
    const report = await them.watch.report(patience())
    const theirs = await us.watch.provenAddress(report!, them.node.node.peerId)
    assert.deepEqual(theirs, { host: '127.0.0.1', port: them.port })
    const mallory = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
    assert.equal(await us.watch.provenAddress(report!, mallory), undefined)
  })

  it('believes nobody by a relay that is not its own', async () => {
    await using scene = await relayScene()
    await using elsewhere = await relayScene()
    await using us = await watching(scene)
    await using them = await watching(elsewhere)
    const report = await them.watch.report(patience())
    assert.equal(await us.watch.provenAddress(report!, them.node.node.peerId), undefined)
  })

  it('knows that much less of a relay that does not reflect', async () => {
    await using scene = await relayScene({}, { reflectPort: 'off' })
    await using us = await watching(scene, {
      seenAtMainPort: 9_999,
      hosts: ['10.0.0.8', '10.0.0.9']
    })
    assert.deepEqual([us.watch.kind.mapping, us.watch.kind.ports], ['unknown', 'unknown'])
    assert.deepEqual((await us.watch.report(patience()))?.proofs, [])
  })

  it('knows a sequence by what it asks now, however far it has come since the relay saw us first', async () => {
    await using relay = await countingRelay({ main: 40_000, first: 43_000 })
    await using us = await watchedBy(() => [relay.observer])
    assert.deepEqual([us.watch.kind.ports, us.watch.kind.step], ['sequential', 1])
    assert.equal((await us.watch.report(patience()))?.seenPorts.at(-1), relay.port())
  })

  it('knows a sequence although two relays see parts of it', async () => {
    const shared = { port: 40_000 }
    const next = (): number => (shared.port += 1)
    await using one = await countingRelay({ main: 39_000, next })
    await using other = await countingRelay({ main: 39_500, next })
    await using us = await watchedBy(() => [one.observer, other.observer])
    assert.deepEqual([us.watch.kind.ports, us.watch.kind.step], ['sequential', 1])
  })

  it('tells peers of a block only the ports that are of the one in use', async () => {
    const offsets = [300, 20, 480, 110, 260]
    const next = (): number => 50_000 + (offsets.shift() ?? 0)
    await using relay = await countingRelay({ main: 12_000, next })
    await using us = await watchedBy(() => [relay.observer])
    assert.deepEqual(us.watch.kind.range, { low: 50_020, high: 50_480 })
    const report = await us.watch.report(patience())
    assert.deepEqual(report?.seenPorts.toSorted(), [50_020, 50_110, 50_260, 50_300, 50_480])
  })

  it('asks again for ports when too many of its questions got lost to see a pattern', async () => {
    const offsets = [300, 20, undefined, undefined, undefined, 480, undefined, 110, 260]
    const next = (): number | undefined => {
      const offset = offsets.shift()
      return offset === undefined ? undefined : 50_000 + offset
    }
    await using relay = await countingRelay({ main: 12_000, next })
    await using us = await watchedBy(() => [relay.observer])
    assert.equal(us.watch.kind.ports, 'block')
    assert.deepEqual(offsets, [])
  })

  it('looks again after a punch that failed, when its ports may have been the same by chance', async () => {
    const offsets = [300, 20, 480, 110, 260, 400]
    const next = (): number => 50_000 + (offsets.shift() ?? 0)
    await using relay = await countingRelay({ main: 50_300, next })
    await using us = await watchedBy(() => [relay.observer])
    const { mapping, ports } = us.watch.kind
    assert.deepEqual([mapping, ports], ['endpoint-independent', 'changed'])
    us.watch.doubt()
    await us.kinds.first(({ ports: each }) => each === 'block')
  })

  it('asks for the last port of a sequence when a punch is likely, once for all that come of it', async () => {
    await using relay = await countingRelay()
    await using us = await watchedBy(() => [relay.observer])
    const { watch } = us
    assert.deepEqual([watch.kind.ports, watch.kind.step, relay.port()], ['sequential', 1, 40_005])
    watch.prepare()
    const reports = await Promise.all([watch.report(patience()), watch.report(patience())])
    assert.deepEqual(
      reports.map((report) => report?.seenPorts.at(-1)),
      [40_006, 40_006]
    )
    assert.equal(relay.port(), 40_006)
  })

  it('keeps what it knows when a relay reflects no more, until it is told of another network', async () => {
    await using relay = await countingRelay({ next: (port) => port })
    await using us = await watchedBy(() => [relay.observer], { lookAgainMs: 20 })
    relay.mute()
    const { length } = us.kinds.events
    await us.kinds.until(() => us.kinds.events.length >= length + 3)
    assert.equal(us.watch.kind.mapping, 'endpoint-independent')
    assert.equal((await us.watch.report(patience()))?.proofs.length, 1)
    us.watch.look()
    const { mapping } = await us.kinds.first(({ mapping: each }) => each === 'unknown')
    assert.equal(mapping, 'unknown')
    assert.deepEqual((await us.watch.report(patience()))?.proofs, [])
  })

  it('keeps a sequence that it saw when the next look hears less of it', async () => {
    await using relay = await countingRelay()
    await using us = await watchedBy(() => [relay.observer], { lookAgainMs: 20 })
    relay.mute()
    const { length } = us.kinds.events
    await us.kinds.until(() => us.kinds.events.length >= length + 3)
    assert.deepEqual([us.watch.kind.ports, us.watch.kind.step], ['sequential', 1])
  })

  it('forgets what no relay has seen again for long', async () => {
    await using relay = await countingRelay()
    await using us = await watchedBy(() => [relay.observer], { lookAgainMs: 20, keptMs: 0 })
    relay.mute()
    const forgotten = us.kinds.first(({ mapping }) => mapping === 'unknown')
    assert.equal((await forgotten).ports, 'unknown')
  })

  it('keeps what it knows on a new network too as long as no relay is there to ask', async () => {
    await using relay = await countingRelay({ next: (port) => port })
    const observers = [relay.observer]
    await using us = await watchedBy(() => observers)
    observers.pop()
    const { length } = us.kinds.events
    us.watch.look()
    await us.kinds.until(() => us.kinds.events.length > length)
    assert.equal(us.watch.kind.mapping, 'endpoint-independent')
  })

  it('learns its mapped IPv4 from a relay that it reaches by IPv6', async () => {
    const listen = ['/ip4/127.0.0.1/tcp/0', '/ip6/::1/tcp/0']
    await using scene = await relayScene({}, { listen })
    await using node = await startBoundNode({ more: ['/ip6/::1/tcp/0'] })
    const addresses = scene.relay.addresses.map((address) => multiaddr(address))
    const ip6 = addresses.find((address) => tcpEndpoint(withoutPeer(address))?.family === 6)
    const connection = await node.node.dial(ip6!, { signal: patience() })
    const mapped = multiaddr('/ip6/::1/tcp/4001')
    const changes = new EventLog<readonly Multiaddr[]>()
    const reflecting: string[] = []
    const onReflecting: Observer['onReflecting'] = (at) => reflecting.push(...at.map(String))
    await using watch = startNatWatch(
      {
        self: node.node.peerId,
        observers: () => [
          { connection, mapped, endpoints: addresses.map(withoutPeer), onReflecting }
        ],
        listening: () => [node.address],
        localEnd: node.localEnd,
        onMapped: () => changes.note(watch.mapped)
      },
      { signal: new AbortController().signal }
    )
    watch.look()
    const places = await changes.first(() => true)
    assert.deepEqual(places.map(String), [withoutPeer(node.address).toString()])
    assert.equal((await watch.report(patience()))?.proofs.length, 1)
    const ports = await reflectPortsOf(connection, { signal: patience() })
    assert.deepEqual(
      reflecting.slice(0, ports.length),
      ports.map((port) => `/ip6/::1/tcp/${port}`)
    )
    const [elsewhere] = reflecting.slice(ports.length)
    assert.ok(ports.some((port) => elsewhere === `/ip4/127.0.0.1/tcp/${port}`))
  })

  it('tells nothing before it has seen anything', async () => {
    const self = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
    await using watch = startNatWatch(
      { self, observers: () => [], listening: () => [], localEnd: () => undefined },
      { signal: new AbortController().signal }
    )
    assert.equal(await watch.report(patience()), undefined)
  })
})

// A relay while the machine fails it: no file descriptors, a full disk, a clock that jumps.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { it, type TestContext } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Libp2p, PrivateKey } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { CircuitStatus } from '../../shared/wire/circuit.ts'
import { STATUS } from '../../shared/wire/rendezvous.ts'
import { start } from '../support/program.ts'
import { askHop, connectRequest, patience, reserveRequest } from '../support/raw-circuit.ts'
import { closed, rawSocket } from '../support/raw-socket.ts'
import { guest, statusOf, target, type Guest } from '../support/relay-guests.ts'
import { RelayProcess } from '../support/relay-process.ts'
import { stockPeer } from '../support/relay-scene.ts'
import { eventually } from '../support/eventually.ts'
import { rendezvousGuest, type RendezvousGuest } from '../support/rendezvous-guest.ts'
import { scratchFolder } from '../support/scratch.ts'
import { endures, HOSTILE_HOST, NO_SECOND_HOST } from '../support/siege.ts'
import { needs } from '../support/left-out.ts'
import { IN_NAMESPACE, NO_MOUNT } from '../support/own-mounts.ts'

const { OK } = CircuitStatus
const works = (command: string, ...args: string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0

/** Node, what it has loaded and its first connections have some thirty. */
const FILES = 64
const NO_PRLIMIT = needs(works('prlimit', '--version'), 'there is no prlimit here (util-linux)')

it(
  'a relay without file descriptors goes on, and says beforehand that they are few',
  { skip: NO_PRLIMIT || NO_SECOND_HOST },
  async (t) => {
    const limits = { 'handshakes-per-host': 128, 'handshake-seconds': 2 }
    const before = ['prlimit', `--nofile=${FILES}:${FILES}`]
    const relay = await RelayProcess.start(t, { limits, before })
    const warning = await relay.log.first((event) => event.event === 'warning')
    assert.match(
      JSON.stringify(warning),
      /this process open 64 files, and 768 connections need 896/
    )

    await endures(relay, async () => {
      const sockets = await Promise.all(
        Array.from({ length: 120 }, async () => rawSocket(relay.address, { from: HOSTILE_HOST }))
      )
      // The system takes what there is no file for, and ends it: more than there can be is gone at once.
      await eventually(
        () => sockets.filter((socket) => !socket.closed).length,
        (open) => open < FILES
      )
      assert.ok(
        sockets.some((socket) => !socket.closed),
        'those that have a file wait for their deadline'
      )
      relay.program.child.kill('SIGHUP')
      await relay.log.first(
        (event) => event.event === 'configuration' && event.message.includes('reloaded')
      )
      await Promise.all(sockets.map(closed))
    })
  }
)

const SMALL_DISK = 'mount -t tmpfs -o size=64k none "$PARLEY_HOME"'
const FILL = 'dd if=/dev/zero of="$PARLEY_HOME/fill" bs=1k 2>/dev/null'

/** What starts a relay whose folder is a small disk that only it sees. */
const onSmallDisk = (command: string): string[] => [
  'unshare',
  ...IN_NAMESPACE,
  `${SMALL_DISK}; ${command}`,
  'sh'
]

it('a relay cannot start on a full disk, and says so', { skip: NO_MOUNT }, async (t) => {
  const command = `${FILL}; "$@"; code=$?; ls -A "$PARLEY_HOME"; exit $code`
  const args = ['relay/main.ts', '--listen', '/ip4/127.0.0.1/tcp/0']
  const env = { PARLEY_HOME: scratchFolder(t) }
  const program = start(t, args, { before: onSmallDisk(command), env })
  assert.equal(await program.ended(), 1)
  assert.match(program.stderr, /^cannot create the key file \S+: the disk is full, so free .*\n$/)
  assert.equal(program.stdout, 'fill\n', 'nothing half-written is left')
})

it(
  'a relay goes on while the disk of its log is full, and logs again when there is space',
  { skip: NO_MOUNT },
  async (t) => {
    const home = scratchFolder(t)
    const before = onSmallDisk('exec "$@" 2>"$PARLEY_HOME/log"')
    const relay = await RelayProcess.start(t, { home, inWords: true, before })
    const { program } = relay
    const process = `/proc/${program.child.pid}`
    const disk = `${process}/root${home}`
    const log = (): string => readFileSync(join(disk, 'log'), 'utf8')
    const fill = join(disk, 'fill')
    const descriptors = (): number => readdirSync(`${process}/fd`).length
    await endures(relay, async () => {
      const open = descriptors()
      assert.throws(() => writeFileSync(fill, Buffer.alloc(65_536)), { code: 'ENOSPC' })
      const guests = await Promise.all(Array.from({ length: 60 }, async () => guest(relay)))
      // More than fits behind the last full page of the log.
      for (let n = 0; n < 4; n++) {
        for (const each of guests) assert.equal(await statusOf(each, reserveRequest()), OK)
      }
      const told = log().match(/reservation granted/g) ?? []
      assert.ok(told.length < 240, 'the disk was not full')
      for (const each of guests) await each.node.stop()
      await eventually(descriptors, (count) => count <= open)
    })
    rmSync(fill)
    const after = await guest(relay)
    assert.equal(await statusOf(after, reserveRequest()), OK)
    await eventually(log, (text) => text.includes(`reservation granted · …${after.id.slice(-8)}`))
    program.child.kill('SIGTERM')
    assert.equal(await program.ended(), 0)
  }
)

async function runningPeer(test: TestContext, key?: PrivateKey): Promise<Libp2p> {
  const node = await stockPeer([], [tcp()], key)
  test.after(async () => node.stop())
  await node.start()
  return node
}

const DAY_MS = 86_400_000
/** Where a clock without a battery begins. */
const TO_1970_MS = -Date.now()

async function member(test: TestContext, relay: RelayProcess): Promise<RendezvousGuest> {
  const key = await generateKeyPair('Ed25519')
  const node = await runningPeer(test, key)
  const connection = await node.dial(relay.address, { signal: patience() })
  return rendezvousGuest(test, connection, key)
}

/** When its reservation ends, by the clock that the relay tells. */
async function reservedUntilMs({ toRelay }: Guest): Promise<number> {
  const { answer } = await askHop(toRelay, reserveRequest())
  assert.equal(answer.status, OK)
  return (answer.reservation?.expireSeconds ?? 0) * 1000
}

it('a relay whose clock jumps keeps what it has granted', async (t) => {
  const relay = await RelayProcess.start(t)
  const [host, from, ann] = [await target(relay), await guest(relay), await member(t, relay)]
  assert.equal(await ann.register('kitchen'), STATUS.ok)
  const present = async (): Promise<number> => {
    const reply = await ann.channel.ask({ type: 'discover', ns: 'kitchen' }, { signal: patience() })
    return reply.type === 'discoverResponse' ? reply.registrations.length : -1
  }
  await endures(relay, async () => {
    for (const jumpMs of [10 * DAY_MS, -10 * DAY_MS, TO_1970_MS, 0]) {
      await relay.setClock(jumpMs)
      assert.equal(await statusOf(from, connectRequest(host.node.peerId)), OK, 'it has its place')
      assert.equal(await present(), 1)
      const untilMs = Date.now() + jumpMs + 3_600_000
      const toldMs = await reservedUntilMs(from)
      assert.ok(Math.abs(toldMs - untilMs) < 60_000, `${toldMs} for ${untilMs}`)
    }
  })
  const ended = relay.log.events.filter(
    (event) => 'action' in event && (event.action === 'expired' || 'limit' in event)
  )
  assert.deepEqual(ended, [])
})

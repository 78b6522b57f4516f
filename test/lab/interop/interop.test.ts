// Peers of go-libp2p and rust-libp2p meet at our relay and punch with each other and with ours, in both roles.
// Their programs are not part of the repository: PARLEY_LAB_GO and PARLEY_LAB_RUST name them where there are any.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { generateKeyPairFromSeed, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { Actor } from '../../../peer/demo/actor.ts'
import { Cast, type Launch } from '../../../peer/demo/cast.ts'
import { Transcript } from '../../bench/foreign.ts'
import { twoSites, type Lab } from '../topologies.ts'
import { EXCUSED } from '../../support/left-out.ts'

const DIALLER = fileURLToPath(new URL('dialler.ts', import.meta.url))
const TIMEOUT_MS = 40_000

/** Of the keys that the programs have built in, those that others have to have or to know. */
interface Stack {
  name: string
  variable: string
  /** The key that the program expects its relay to have, and the one of whom it dials without being told. */
  relaySeed: string
  listenerSeed: string
  listen: (relay: string) => string[]
  dial: (relay: string, peer: string) => string[]
}

const STACKS: Stack[] = [
  {
    name: 'go-libp2p',
    variable: 'PARLEY_LAB_GO',
    relaySeed: '52fdfc072182654f163f5f0f9a621d729566c74d10037c4d7bbb0407d1e2c649',
    listenerSeed: '85fbe72b6064289004a531f967898df5319ee02992fdd84021fa5052434bf6ee',
    listen: () => ['listen'],
    dial: () => ['dial']
  },
  {
    name: 'rust-libp2p',
    variable: 'PARLEY_LAB_RUST',
    relaySeed: '00'.repeat(32),
    listenerSeed: `03${'00'.repeat(31)}`,
    listen: (relay) => ['listen', relay],
    dial: (relay, peer) => ['dial', relay, peer]
  }
]

for (const stack of STACKS) {
  const program = process.env[stack.variable]
  const skip = program === undefined && EXCUSED.foreignProgram
  describe(stack.name, { skip }, () => {
    if (program === undefined) return

    it('peers find each other at our relay and go direct', async () => {
      await using scene = await openScene(stack)
      const listener = new Transcript(scene.lab.b, program, stack.listen(scene.relayId))
      await listener.find(/^READY/m)
      const dial = stack.dial(scene.relayId, scene.listenerId)
      const dialler = new Transcript(scene.lab.a, program, dial)
      await dialler.find(/^DIRECT after/m)
    })

    it('dials a parley peer, which starts the punch, and both are direct', async () => {
      await using scene = await openScene(stack)
      const ben = await scene.ben()
      const signal = AbortSignal.timeout(TIMEOUT_MS)
      await ben.next((told) => told.event === 'relay' && told.state === 'reserved', { signal })
      const dialler = new Transcript(
        scene.lab.a,
        program,
        stack.dial(scene.relayId, scene.listenerId)
      )
      const punch = await ben.next('punch', { signal })
      assert.deepEqual([punch.outcome, punch.role, punch.attempt], ['direct', 'initiator', 1])
      await dialler.find(/^DIRECT after/m)
    })

    it('is dialled by a parley peer, which answers the punch, and both are direct', async () => {
      await using scene = await openScene(stack)
      const listener = new Transcript(scene.lab.b, program, stack.listen(scene.relayId))
      await listener.find(/^READY/m)
      const args = [DIALLER, scene.relay, scene.listenerId]
      const dialler = new Actor<DiallerTold>('dialler', scene.launch('a', args, {}))
      const punch = await dialler.next('punch', { signal: AbortSignal.timeout(TIMEOUT_MS) })
      assert.deepEqual([punch.outcome, punch.role, punch.attempt], ['direct', 'responder', 1])
      await listener.find(/^DIRECT after/m)
    })
  })
}

type DiallerTold =
  | { event: 'connection'; direct: boolean; direction: string }
  | { event: 'punch'; attempt: number; role: string; outcome: string; reason?: string }

interface InteropScene extends AsyncDisposable {
  lab: Lab
  relay: string
  relayId: string
  /** The peer id of whoever has the stack's listener key. */
  listenerId: string
  launch: Launch
  /** A parley peer with the stack's listener key, on host b. */
  ben: () => ReturnType<Cast['peer']>
}

/** Our relay with the key that the stack's programs expect. */
async function openScene(stack: Stack): Promise<InteropScene> {
  const lab = await twoSites({ a: { nat: 'drop' }, b: { nat: 'drop' } })
  const hosts: Record<string, Lab['a']> = { relay: lab.relay, a: lab.a, ben: lab.b }
  const launch: Launch = (role, args, env) => {
    const host = hosts[role]
    if (host === undefined) throw new Error(`no host for ${role}`)
    return host.spawn(process.execPath, args, { stdio: 'pipe', env: { ...process.env, ...env } })
  }
  const cast = new Cast({ folder: '/run', launch })
  const [relayKey, listenerKey] = await Promise.all([
    keyFile(stack.relaySeed),
    keyFile(stack.listenerSeed)
  ])
  const listen = ['/ip4/0.0.0.0/tcp/4001']
  const actor = await cast.relay({ listen, args: ['--identity', relayKey.file] })
  await actor.next('listening', { signal: AbortSignal.timeout(TIMEOUT_MS) })
  const relay = `/ip4/${lab.relay.address}/tcp/4001/p2p/${relayKey.peerId}`
  const identity = ['--identity', listenerKey.file]
  return {
    lab,
    relay,
    relayId: relayKey.peerId,
    listenerId: listenerKey.peerId,
    launch,
    ben: () => cast.peer({ name: 'ben', room: 'kitchen', relay, args: identity }),
    async [Symbol.asyncDispose]() {
      await lab[Symbol.asyncDispose]()
      await cast[Symbol.asyncDispose]()
    }
  }
}

/** In the box's own /run. */
async function keyFile(seed: string): Promise<{ file: string; peerId: string }> {
  const key = await generateKeyPairFromSeed('Ed25519', Buffer.from(seed, 'hex'))
  const file = `/run/${seed.slice(0, 16)}.key`
  writeFileSync(file, privateKeyToProtobuf(key), { mode: 0o600 })
  return { file, peerId: key.publicKey.toString() }
}

// `npm start`: the demo behind simulated NATs where this machine can make them, on loopback otherwise.
import { fileURLToPath } from 'node:url'
import { playDemo } from '../../peer/commands/demo.ts'
import { loopbackScene, type Scene } from '../../peer/demo/scene.ts'
import { BOX_MARK, labSupport, runInBox } from './box.ts'
import { twoSites } from './topologies.ts'

const json = process.argv.includes('--json')
const leaving = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => leaving.abort())

if (process.env[BOX_MARK] !== undefined) {
  await using scene = await natScene()
  process.exitCode = await play(scene)
} else {
  const { able, sentence } = await labSupport()
  if (able)
    process.exitCode = await runInBox([
      process.execPath,
      fileURLToPath(import.meta.url),
      ...process.argv.slice(2)
    ])
  else {
    await using scene = loopbackScene(sentence, process)
    process.exitCode = await play(scene)
  }
}

async function play(scene: Scene): Promise<number> {
  return playDemo(scene, { json, print: (line) => console.log(line), signal: leaving.signal })
}

/** Two homes behind NATs that drop what they did not ask for, 60 ms apart; the relay 40 ms from each. */
async function natScene(): Promise<Scene> {
  const lab = await twoSites({ a: { nat: 'drop' }, b: { nat: 'drop' } })
  const hosts = new Map([
    ['relay', lab.relay],
    ['alice', lab.a],
    ['bob', lab.b]
  ])
  return {
    words:
      'behind two simulated NATs, in network namespaces (relay 40 ms away, 60 ms between the peers)',
    hasNats: true,
    launch: (role, args, env) => {
      const host = hosts.get(role)
      if (host === undefined) throw new Error(`there is no host for ${role}`)
      return host.spawn(process.execPath, args, { env: { ...process.env, ...env } })
    },
    listen: ['/ip4/0.0.0.0/tcp/45678'],
    relayAddress: (addresses) =>
      addresses.find((address) => address.startsWith(`/ip4/${lab.relay.address}/`)),
    [Symbol.asyncDispose]: async () => lab[Symbol.asyncDispose]()
  }
}

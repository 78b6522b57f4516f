// npm run bench:messages [-- --messages N --rounds N --relayed | --direct]: messages of 100 bytes from one process to
// another on loopback, directly and through our relay in a third process, kept on disk at both ends and in memory
// only, beside a raw libp2p stream that echoes the same bytes on the same connection, in turns. Prints a table for
// people: medians over the rounds.
import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { MemoryStore } from '../../peer/store/memory-store.ts'
import { openStore } from '../../peer/store/sqlite-store.ts'
import { median } from '../lab/stories/measures.ts'
import { Talker } from '../support/talkers.ts'
import { startAnsweringPeer, startRelayProgram } from './answering.ts'
import { Pair, type Round } from './message-rounds.ts'
import { isCircuit, networkOf } from './network.ts'

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '7' },
    relayed: { type: 'boolean', default: false },
    direct: { type: 'boolean', default: false }
  }
})
const paths = [...(values.relayed ? [] : ['direct']), ...(values.direct ? [] : ['relayed'])]
const pairs: Array<{ name: string; pair: Pair; rounds: Round[] }> = []
const folder = mkdtempSync(join(tmpdir(), 'parley-bench-'))
const load = (): string => loadavg()[0]?.toFixed(1) ?? '?'
const loadBefore = load()
{
  await using stack = new AsyncDisposableStack()
  stack.defer(() => rmSync(folder, { recursive: true, force: true }))
  for (const path of paths) {
    for (const kept of ['on disk', 'in memory']) {
      pairs.push({ name: `${path}, ${kept}`, pair: await open(path, kept, stack), rounds: [] })
    }
  }
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const { pair, rounds } of pairs) rounds.push(await pair.round(Number(values.messages)))
  }
}
print()

async function open(path: string, kept: string, stack: AsyncDisposableStack): Promise<Pair> {
  const home = mkdtempSync(join(folder, 'pair-'))
  const relay = path === 'relayed' ? stack.use(await startRelayProgram(home)).address : undefined
  const ben = stack.use(await startAnsweringPeer(kept === 'on disk' ? home : 'memory', relay))
  const store = stack.use(
    kept === 'on disk'
      ? openStore(join(home, 'ann.db'), { onTrouble: ({ message }) => console.error(message) })
      : new MemoryStore()
  )
  const ann = stack.use(await Talker.start('ann', { store, network: networkOf(relay) }))
  const wanted = (address: Multiaddr): boolean => isCircuit(address) === (path === 'relayed')
  const connection = await ann.node.dial(
    ben.addresses.map((each) => multiaddr(each)).filter(wanted)
  )
  return Pair.open(ann, ben, connection)
}

function print(): void {
  console.log(
    `100 bytes a message, ${values.rounds} rounds of 200 one by one and ${values.messages} at once; load ${loadBefore} before, ${load()} after`
  )
  console.log('"shown" is one way, on the clock that both processes share.\n')
  const heads = ['', 'messages/s', 'send → shown', 'send → acknowledged', 'raw echo', 'ratios']
  console.log(`| ${heads.join(' | ')} |\n|${' --- |'.repeat(heads.length)}`)
  for (const { name, rounds } of pairs) {
    const [shown, acknowledged, echo] = (['shown', 'acknowledged', 'echo'] as const).map((what) =>
      [0.5, 0.99].map((share) => median(rounds.map((round) => at(round[what], share))) ?? NaN)
    )
    const rate = median(rounds.map(({ perSecond }) => perSecond)) ?? NaN
    const echoRate = median(rounds.map(({ echoPerSecond }) => echoPerSecond)) ?? NaN
    const ratios = [shown, acknowledged].map((each) => {
      return `${((each?.[0] ?? NaN) / (echo?.[0] ?? NaN)).toFixed(2)} ×`
    })
    const cells = [name, `${count(rate)} (raw ${count(echoRate)})`]
    console.log(
      `| ${[...cells, spread(shown), spread(acknowledged), spread(echo), ratios.join(', ')].join(' | ')} |`
    )
  }
}

function at(sorted: number[], share: number): number {
  return sorted[Math.floor(sorted.length * share)] ?? NaN
}

function spread(percentiles: number[] | undefined): string {
  return `${(percentiles ?? []).map((each) => each.toFixed(2)).join(' / ')} ms`
}

function count(perSecond: number): string {
  return Math.round(perSecond).toLocaleString('en')
}

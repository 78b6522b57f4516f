// The other side of the benchmark of messages, in a process of its own: argv[2] is its state folder, or `memory`,
// argv[3] the relay that it can be reached through, if any. Takes messages as a peer does, echoes what comes in by the
// raw protocol, prints its address, and for each line on standard input when it showed which message since the last.
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { startConversations } from '../../peer/conversation/conversations.ts'
import { MemoryStore } from '../../peer/store/memory-store.ts'
import { openStore } from '../../peer/store/sqlite-store.ts'
import { ROOM, startNode } from '../support/talkers.ts'
import { sharedClockMs } from './shared-clock.ts'
import { ECHO_PROTOCOL } from './echo.ts'
import { isCircuit, networkOf } from './network.ts'

const [, , folder = 'memory', relay] = process.argv
const node = await startNode(networkOf(relay))
const store =
  folder === 'memory'
    ? new MemoryStore()
    : openStore(join(folder, 'peer.db'), { onTrouble: ({ message }) => console.error(message) })
await node.handle(
  ECHO_PROTOCOL,
  (stream) => {
    stream.addEventListener('message', ({ data }) => void stream.send(data))
  },
  { runOnLimitedConnection: true }
)
let shown: Array<[id: string, atMs: number]> = []
await startConversations(
  { node, name: 'ben', room: ROOM, store },
  {
    signal: new AbortController().signal,
    onEvent: (event) => {
      if (event.type === 'message') shown.push([event.id, sharedClockMs()])
    }
  }
)
const reachable = (): boolean => relay === undefined || node.getMultiaddrs().some(isCircuit)
while (!reachable()) await new Promise((resolve) => setImmediate(resolve))
console.log(JSON.stringify(node.getMultiaddrs().map(String)))
createInterface({ input: process.stdin })
  .on('line', () => {
    console.log(JSON.stringify(shown))
    shown = []
  })
  .on('close', () => process.exit(0))

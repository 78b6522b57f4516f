// The other side of the benchmark of messages, in a process of its own: argv[2] is its state folder, or `memory`.
// Takes messages as a peer does, and echoes what comes in by the raw protocol.
import { join } from 'node:path'
import { startConversations } from '../../peer/conversation/conversations.ts'
import { MemoryStore } from '../../peer/store/memory-store.ts'
import { openStore } from '../../peer/store/sqlite-store.ts'
import { ROOM, startNode } from '../support/talkers.ts'
import { ECHO_PROTOCOL } from './echo.ts'

const [, , folder = 'memory'] = process.argv
const node = await startNode()
const store =
  folder === 'memory'
    ? new MemoryStore()
    : openStore(join(folder, 'peer.db'), { onTrouble: ({ message }) => console.error(message) })
await node.handle(ECHO_PROTOCOL, (stream) => {
  stream.addEventListener('message', ({ data }) => void stream.send(data))
})
await startConversations(
  { node, name: 'ben', room: ROOM, store },
  { signal: new AbortController().signal }
)
console.log(String(node.getMultiaddrs()[0]))
process.stdin.resume().on('end', () => process.exit(0))

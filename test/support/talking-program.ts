// A peer without a relay, to be killed: argv[2] is its state folder, argv[3] the address of whom to talk to, if anybody.
// Prints its address, then every event of its conversations as JSON; says `1`, `2`, … from argv[4] on, as they are stored.
import { join } from 'node:path'
import { multiaddr } from '@multiformats/multiaddr'
import { startConversations } from '../../peer/conversation/conversations.ts'
import { openStore } from '../../peer/store/sqlite-store.ts'
import { loadOrCreateIdentity } from '../../shared/identity.ts'
import { ROOM, startNode } from './talkers.ts'

const [, , folder = '', to = '', from = '1'] = process.argv
const privateKey = await loadOrCreateIdentity(join(folder, 'peer.key'))
const node = await startNode({ privateKey })
const store = openStore(join(folder, 'peer.db'), {
  onTrouble: ({ message }) => process.stderr.write(`${message}\n`)
})
const peer = to === '' ? undefined : (multiaddr(to).getComponents().at(-1)?.value ?? '')
let last = Number(from)
const say = (): void => {
  if (peer !== undefined) conversations.send({ text: String(last++), to: [peer], room: ROOM })
}
const conversations = await startConversations(
  { node, name: 'somebody', room: ROOM, store },
  {
    signal: new AbortController().signal,
    onEvent: (event) => {
      process.stdout.write(`${JSON.stringify(event)}\n`)
      if (event.type === 'sent') setImmediate(say)
    }
  }
)
process.stdout.write(`${JSON.stringify({ address: node.getMultiaddrs()[0] })}\n`)
if (peer !== undefined) {
  conversations.admit(peer)
  say()
  await node.dial(multiaddr(to)).catch(() => undefined) // it may be away
}

// Two real libp2p nodes on loopback that hold conversations: what the tests of conversations build on.
import { once } from 'node:events'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Connection, Libp2p, ServiceMap } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import type { ConversationEvent, Conversations } from '../../peer/conversation/api.ts'
import {
  type ConversationsConfig,
  startConversations
} from '../../peer/conversation/conversations.ts'
import { createNode, type NodeConfig } from '../../shared/node.ts'

export const ROOM = 'kitchen'

export type Message = Extract<ConversationEvent, { type: 'message' }>

/** What is different from a node that listens on loopback and speaks nothing. */
type Network = Partial<
  Pick<NodeConfig<ServiceMap>, 'privateKey' | 'listen' | 'transports' | 'services'>
>

/** A node that speaks nothing yet. */
export async function startNode(network: Network = {}): Promise<Libp2p> {
  const node = await createNode({
    privateKey: await generateKeyPair('Ed25519'),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    announce: [],
    transports: [tcp()],
    services: {},
    maxConnections: 50,
    maxInboundPerHostPerSecond: 100,
    ...network
  })
  await node.start()
  return node
}

/** A node with conversations, and everything they told. */
export class Talker implements AsyncDisposable {
  readonly node: Libp2p
  readonly peer: string
  readonly events: ConversationEvent[] = []
  readonly #news = new EventTarget()
  #conversations: Conversations | undefined

  static async start(
    name: string,
    { network, ...options }: Partial<ConversationsConfig> & { network?: Network } = {}
  ): Promise<Talker> {
    const talker = new Talker(await startNode(network))
    await talker.restart(name, options)
    return talker
  }

  /** Begins conversations (anew) on the same node. */
  async restart(
    name = 'again',
    options: Partial<ConversationsConfig> = {}
  ): Promise<Conversations> {
    this.#conversations = await startConversations(
      { node: this.node, name, room: ROOM, ...options },
      { signal: new AbortController().signal, onEvent: (event) => this.#note(event) }
    )
    return this.#conversations
  }

  private constructor(node: Libp2p) {
    this.node = node
    this.peer = node.peerId.toString()
  }

  get conversations(): Conversations {
    if (this.#conversations === undefined) throw new Error('not started')
    return this.#conversations
  }

  /** Opens another connection beside those there are. */
  async connect(to: Libp2p): Promise<Connection> {
    return this.node.dial(to.getMultiaddrs(), { force: true })
  }

  say(text: string, to: Talker | Libp2p): string {
    const peer = to instanceof Talker ? to.peer : to.peerId.toString()
    return this.conversations.send({ text, to: [peer], room: ROOM }).id
  }

  /** The texts shown so far. */
  get texts(): string[] {
    return this.of('message').map(({ text }) => text)
  }

  of<Type extends ConversationEvent['type']>(
    type: Type
  ): Array<Extract<ConversationEvent, { type: Type }>> {
    return this.events.filter(
      (event): event is Extract<ConversationEvent, { type: Type }> => event.type === type
    )
  }

  /** Resolves once what was told so far satisfies the condition. */
  async until(holds: () => boolean): Promise<void> {
    const signal = AbortSignal.timeout(15_000)
    while (!holds()) await once(this.#news, 'event', { signal })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#conversations?.[Symbol.asyncDispose]()
    await this.node.stop()
  }

  #note(event: ConversationEvent): void {
    this.events.push(event)
    this.#news.dispatchEvent(new Event('event'))
  }
}

// A member of a room that speaks in raw bytes: it introduces itself to the others, and does with streams what it likes.
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { readFrames } from '../../peer/conversation/frames.ts'
import {
  CHAT_PROTOCOL,
  type ChatFrame,
  type ChatMessage,
  decodeChatFrame,
  encodeChatFrame,
  type Hello
} from '../../shared/wire/chat.ts'
import type { Guest } from './room-scene.ts'
import { ROOM, startNode } from './talkers.ts'

export const helloOf = (name: string, more: Partial<Hello> = {}): Hello => ({
  kind: 'hello',
  epoch: '0000000000000001',
  name,
  rooms: [ROOM],
  nextSeq: 1,
  ...more
})

export const line = (seq: number, more: Partial<ChatMessage> = {}): ChatFrame => ({
  kind: 'message',
  seq,
  id: `id-${seq}`,
  room: ROOM,
  sentAtMs: 1,
  text: `line ${seq}`,
  ...more
})

export class RawMember implements AsyncDisposable {
  readonly node: Libp2p
  readonly peer: string

  /** `answer` is called with each stream that somebody opens to it, once HELLO has come. */
  static async start(answer: (stream: Stream, hello: Hello) => void): Promise<RawMember> {
    const node = await startNode()
    await node.handle(CHAT_PROTOCOL, async (stream) => {
      const hello = await firstHello(stream).catch(() => undefined) // reset meanwhile
      if (hello !== undefined && stream.status === 'open') answer(stream, hello)
    })
    return new RawMember(node)
  }

  private constructor(node: Libp2p) {
    this.node = node
    this.peer = node.peerId.toString()
  }

  /** Directly: somebody who means harm needs no relay. */
  async dial({ of }: Guest): Promise<Connection> {
    const addresses = of('started').flatMap((started) => started.addresses)
    return this.node.dial(addresses.map((address) => multiaddr(address)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.node.stop()
  }
}

/** Opens a stream and says these frames; what comes back is thrown away. */
export async function say(connection: Connection, ...frames: ChatFrame[]): Promise<Stream> {
  const stream = await connection.newStream(CHAT_PROTOCOL)
  stream.addEventListener('message', () => undefined)
  for (const frame of frames) stream.send(encodeChatFrame(frame))
  return stream
}

async function firstHello(stream: Stream): Promise<Hello | undefined> {
  const signal = AbortSignal.timeout(10_000)
  const limits = { maxFrameBytes: 100_000, frameTimeoutMs: 10_000, signal }
  for await (const [first] of readFrames(stream, limits)) {
    const frame = decodeChatFrame(first ?? new Uint8Array())
    return 'kind' in frame && frame.kind === 'hello' ? frame : undefined
  }
  return undefined
}

// A relay that only reflects, and makes up where it sees those who ask: as behind a NAT that counts its ports.
import { once } from 'node:events'
import { createServer } from 'node:net'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { lpStream, streamPair, type LengthPrefixedStream } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import type { Observer } from '../../peer/nat/survey.ts'
import {
  decodeDialBackRequest,
  DIAL_BACK_PROTOCOL,
  encodeDialBackAnswer,
  type DialBackOutcome
} from '../../shared/wire/dial-back.ts'
import { lengthPrefixed } from '../../shared/wire/field-writer.ts'
import {
  decodeReflectRequest,
  encodeReflection,
  encodeReflectPorts,
  reflectionStatement
} from '../../shared/wire/reflect.ts'

export interface CountingRelay extends AsyncDisposable {
  observer: Observer
  /** At which it has seen us last. */
  port: () => number
  /** Its reflecting port answers nobody from now on. */
  mute(): void
}

/** A relay that sees each connection at the next port of 7.7.7.2 after `first`; its main port has seen us at `main`. */
export async function countingRelay({
  main = 40_000,
  first = main,
  next = (port) => port + 1,
  dialsBack
}: {
  main?: number
  first?: number
  /** Undefined: that connection gets no answer. */
  next?: (port: number) => number | undefined
  /** What it tells who asks to be dialled; absent: it does not know what that is. */
  dialsBack?: (port: number) => DialBackOutcome
} = {}): Promise<CountingRelay> {
  const key = await generateKeyPair('Ed25519')
  let port = first
  let isMute = false
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    const at = isMute ? undefined : next(port)
    if (at === undefined) {
      socket.destroy()
      return
    }
    port = at
    const address = multiaddr(`/ip4/7.7.7.2/tcp/${port}`)
    socket.once('data', async (request) => {
      const reflection = { address, unixSeconds: 1_790_000_000 }
      const commitment = decodeReflectRequest(new Uint8Array(request))!
      const signature = await key.sign(reflectionStatement(commitment, reflection))
      socket.end(lengthPrefixed(encodeReflection({ ...reflection, signature })))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new Error('the relay has no port')
  const newStream: Observer['connection']['newStream'] = async (protocols) => {
    const [near, far] = await streamPair()
    const frames = lpStream(far)
    if ([protocols].flat().includes(DIAL_BACK_PROTOCOL)) {
      if (dialsBack === undefined) far.abort(new Error('unknown protocol'))
      else void answer(frames, dialsBack)
      return near
    }
    void frames.write(encodeReflectPorts([bound.port]))
    return near
  }
  const remoteAddr = multiaddr('/ip4/127.0.0.1/tcp/4001')
  const remotePeer = peerIdFromPrivateKey(key)
  return {
    observer: {
      connection: { newStream, remoteAddr, remotePeer },
      mapped: multiaddr(`/ip4/7.7.7.2/tcp/${main}`),
      endpoints: [],
      onReflecting: () => undefined
    },
    port: () => port,
    mute: () => (isMute = true),
    async [Symbol.asyncDispose]() {
      server.close()
      await once(server, 'close')
    }
  }
}

async function answer(
  frames: LengthPrefixedStream,
  dialsBack: (port: number) => DialBackOutcome
): Promise<void> {
  const port = decodeDialBackRequest((await frames.read()).subarray())
  await frames.write(encodeDialBackAnswer(dialsBack(port)))
}

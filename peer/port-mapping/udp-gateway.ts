// A router that speaks PCP or, before that was there, NAT-PMP: both answer on one port, so one question tells which.
import { GatewayError, type Forward, type Gateway } from './gateway.ts'
import {
  decodeExternalAddress,
  decodeMapTcp,
  encodeExternalAddress,
  encodeMapTcp,
  NAT_PMP_VERSION,
  type NatPmpAnswer
} from './nat-pmp-messages.ts'
import {
  decodeAnnounce,
  decodePcpMap,
  encodeAnnounce,
  encodePcpMap,
  NONCE_BYTES,
  PCP_VERSION
} from './pcp-messages.ts'
import { askOverUdp, MAPPING_PORT } from './udp-exchange.ts'

/** Throws GatewayError when nobody there speaks either, or the signal's reason. */
export async function findUdpGateway(
  host: string,
  signal: AbortSignal,
  port = MAPPING_PORT
): Promise<Gateway> {
  const { answer: version, localHost } = await askOverUdp(
    { host, port, request: encodeAnnounce, read: decodeAnnounce },
    signal
  )
  if (version === PCP_VERSION) return new PcpGateway(host, localHost, port)
  if (version === NAT_PMP_VERSION) return new NatPmpGateway(host, localHost, port)
  throw new GatewayError(`speaks version ${version} of PCP, which nobody knows`)
}

class PcpGateway implements Gateway {
  readonly method = 'PCP'
  readonly host: string
  readonly localHost: string
  readonly #port: number
  readonly #nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES))

  constructor(host: string, localHost: string, port: number) {
    this.host = host
    this.localHost = localHost
    this.#port = port
  }

  async map(internalPort: number, lifetimeSeconds: number, signal: AbortSignal): Promise<Forward> {
    return this.#ask({ internalPort, suggestedPort: internalPort, lifetimeSeconds }, signal)
  }

  async unmap(internalPort: number, signal: AbortSignal): Promise<void> {
    await this.#ask({ internalPort, suggestedPort: 0, lifetimeSeconds: 0 }, signal)
  }

  async #ask(
    wanted: { internalPort: number; suggestedPort: number; lifetimeSeconds: number },
    signal: AbortSignal
  ): Promise<Forward> {
    const request = { ...wanted, nonce: this.#nonce }
    const { answer } = await askOverUdp(
      {
        host: this.host,
        port: this.#port,
        request: (clientHost) => encodePcpMap({ ...request, clientHost }),
        read: (bytes) => decodePcpMap(bytes, request)
      },
      signal
    )
    if (!answer.ok) throw new GatewayError(answer.reason)
    const { externalHost, externalPort, lifetimeSeconds } = answer
    return { externalHost, externalPort, lifetimeSeconds }
  }
}

/** Asked for by itself where its version is known; `findUdpGateway` prefers PCP. */
export class NatPmpGateway implements Gateway {
  readonly method = 'NAT-PMP'
  readonly host: string
  readonly localHost: string
  readonly #port: number

  constructor(host: string, localHost: string, port: number) {
    this.host = host
    this.localHost = localHost
    this.#port = port
  }

  async map(internalPort: number, lifetimeSeconds: number, signal: AbortSignal): Promise<Forward> {
    const { externalHost } = await this.#ask(encodeExternalAddress(), decodeExternalAddress, signal)
    const wanted = { internalPort, suggestedPort: internalPort, lifetimeSeconds }
    const { externalPort, lifetimeSeconds: granted } = await this.#askMap(wanted, signal)
    return { externalHost, externalPort, lifetimeSeconds: granted }
  }

  async unmap(internalPort: number, signal: AbortSignal): Promise<void> {
    await this.#askMap({ internalPort, suggestedPort: 0, lifetimeSeconds: 0 }, signal)
  }

  async #askMap(
    wanted: Parameters<typeof encodeMapTcp>[0],
    signal: AbortSignal
  ): Promise<{ externalPort: number; lifetimeSeconds: number }> {
    const read = (bytes: Uint8Array): ReturnType<typeof decodeMapTcp> =>
      decodeMapTcp(bytes, wanted.internalPort)
    return this.#ask(encodeMapTcp(wanted), read, signal)
  }

  async #ask<Value>(
    request: Uint8Array,
    read: (bytes: Uint8Array) => NatPmpAnswer<Value> | undefined,
    signal: AbortSignal
  ): Promise<Value> {
    const question = { host: this.host, port: this.#port, request: () => request, read }
    const { answer } = await askOverUdp(question, signal)
    if (!answer.ok) throw new GatewayError(answer.reason)
    return answer
  }
}

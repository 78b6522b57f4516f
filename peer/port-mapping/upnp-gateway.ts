// A router that speaks UPnP: reads how it describes itself, then asks it to forward.
import { exchangeOverHttp } from './bounded-http.ts'
import { GatewayError, type Forward, type Gateway } from './gateway.ts'
import type { Found } from './ssdp.ts'
import {
  CONFLICT,
  connectionService,
  soapFault,
  soapRequest,
  textOf,
  type ConnectionService
} from './upnp-messages.ts'

/** What people read in their router's list. */
const DESCRIPTION = 'parley'

/** When another machine has the port that we listen on: any other from here. */
const OTHER_PORTS = { from: 20_000, to: 60_000 }
const MAX_TRIES = 3

/** Throws GatewayError when what answered forwards no ports, or the signal's reason. */
export async function openUpnpGateway(
  { url, localHost }: Found,
  signal: AbortSignal
): Promise<Gateway> {
  const { status, text } = await exchangeOverHttp({ url, localHost }, signal)
  const service = status === 200 ? connectionService(text, url) : undefined
  if (service === undefined) throw new GatewayError('describes nothing that forwards ports')
  return new UpnpGateway(service, localHost)
}

class UpnpGateway implements Gateway {
  readonly method = 'UPnP'
  readonly host: string
  readonly localHost: string
  readonly #service: ConnectionService
  /** Our port → the router's. */
  readonly #mapped = new Map<number, number>()

  constructor(service: ConnectionService, localHost: string) {
    this.host = service.controlUrl.hostname
    this.localHost = localHost
    this.#service = service
  }

  async map(internalPort: number, lifetimeSeconds: number, signal: AbortSignal): Promise<Forward> {
    const address = await this.#call('GetExternalIPAddress', {}, signal)
    const externalHost = textOf(address, 'NewExternalIPAddress') ?? ''
    const externalPort = await this.#add(internalPort, lifetimeSeconds, signal)
    return { externalHost, externalPort, lifetimeSeconds }
  }

  async unmap(internalPort: number, signal: AbortSignal): Promise<void> {
    const externalPort = this.#mapped.get(internalPort)
    if (externalPort === undefined) return
    const which = { NewRemoteHost: '', NewExternalPort: externalPort, NewProtocol: 'TCP' }
    await this.#call('DeletePortMapping', which, signal)
    this.#mapped.delete(internalPort)
  }

  async #add(internalPort: number, lifetimeSeconds: number, signal: AbortSignal): Promise<number> {
    let externalPort = this.#mapped.get(internalPort) ?? internalPort
    for (let tries = 1; ; tries += 1) {
      // From the question on: its answer may get lost.
      this.#mapped.set(internalPort, externalPort)
      try {
        await this.#call(
          'AddPortMapping',
          {
            NewRemoteHost: '',
            NewExternalPort: externalPort,
            NewProtocol: 'TCP',
            NewInternalPort: internalPort,
            NewInternalClient: this.localHost,
            NewEnabled: 1,
            NewPortMappingDescription: DESCRIPTION,
            NewLeaseDuration: lifetimeSeconds
          },
          signal
        )
        return externalPort
      } catch (error) {
        // What was refused is not ours to take back: another machine may have it.
        if (error instanceof FaultError) this.#mapped.delete(internalPort)
        const isTaken = error instanceof FaultError && error.code === CONFLICT
        if (!isTaken || tries === MAX_TRIES) throw error
        const { from, to } = OTHER_PORTS
        externalPort = from + Math.floor(Math.random() * (to - from))
      }
    }
  }

  async #call(
    action: string,
    args: Record<string, string | number>,
    signal: AbortSignal
  ): Promise<string> {
    const { type, controlUrl } = this.#service
    const { status, text } = await exchangeOverHttp(
      {
        url: controlUrl,
        localHost: this.localHost,
        headers: { 'Content-Type': 'text/xml; charset="utf-8"', SOAPAction: `"${type}#${action}"` },
        body: soapRequest(type, action, args)
      },
      signal
    )
    if (status === 200) return text
    const { code, reason } = soapFault(status, text)
    throw new FaultError(code, reason)
  }
}

class FaultError extends GatewayError {
  readonly code: number | undefined

  constructor(code: number | undefined, reason: string) {
    super(reason)
    this.code = code
  }
}

// UPnP's Internet Gateway Device, as far as forwarding a port needs it: text in, values out. (pure)
// https://openconnectivity.org/developer/specifications/upnp-resources/upnp/internet-gateway-device-igd-v-2-0/

const SEARCH_TARGETS = [
  'urn:schemas-upnp-org:device:InternetGatewayDevice:1',
  'urn:schemas-upnp-org:device:InternetGatewayDevice:2'
]

/** Best first. Version 2 answers to what version 1 asks; PPP is what DSL routers have. */
const SERVICES = [
  'urn:schemas-upnp-org:service:WANIPConnection:2',
  'urn:schemas-upnp-org:service:WANIPConnection:1',
  'urn:schemas-upnp-org:service:WANPPPConnection:1'
]

/** Seconds in which an answer has to come: the least that there is. */
const MAX_WAIT_SECONDS = 1

/** What is sent to find routers; both, because some answer to the version that they have and to no other. */
export const searchMessages = (): string[] =>
  SEARCH_TARGETS.map((target) =>
    [
      'M-SEARCH * HTTP/1.1',
      'HOST: 239.255.255.250:1900',
      'MAN: "ssdp:discover"',
      `MX: ${MAX_WAIT_SECONDS}`,
      `ST: ${target}`,
      '',
      ''
    ].join('\r\n')
  )

/**
 * Where a router that answers a search describes itself. Undefined unless that is at the sender itself: an answer must
 * not make us fetch from anybody else.
 */
export function descriptionUrl(answer: string, senderHost: string): URL | undefined {
  if (!/^HTTP\/1\.[01] 200\b/.test(answer)) return undefined
  const [, location = ''] = /^location:[ \t]*(\S+)/im.exec(answer) ?? []
  return urlAt(location, undefined, senderHost)
}

export interface ConnectionService {
  type: string
  controlUrl: URL
}

/** The service that forwards ports, of a description that was fetched from `url`; it has to be at the same host. */
export function connectionService(description: string, url: URL): ConnectionService | undefined {
  const found = description.split(/<\/(?:\w+:)?service>/).flatMap((service) => {
    const type = textOf(service, 'serviceType')
    const controlUrl = urlAt(textOf(service, 'controlURL') ?? '', url.href, url.hostname)
    return type === undefined || controlUrl === undefined ? [] : [{ type, controlUrl }]
  })
  return SERVICES.flatMap((wanted) => found.filter(({ type }) => type === wanted))[0]
}

/** The body of a request; `args` in the order of the specification. */
export function soapRequest(
  service: string,
  action: string,
  args: Record<string, string | number>
): string {
  const elements = Object.entries(args).map(([name, value]) => `<${name}>${value}</${name}>`)
  return [
    '<?xml version="1.0"?>',
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/">',
    `<s:Body><u:${action} xmlns:u="${service}">${elements.join('')}</u:${action}></s:Body>`,
    '</s:Envelope>'
  ].join('')
}

export interface SoapFault {
  code: number | undefined
  reason: string
}

/** Another machine has that port. */
export const CONFLICT = 718

const FAULTS: Record<number, string> = {
  402: 'found our request malformed',
  501: 'failed to do it',
  606: 'refuses to forward ports to this machine',
  [CONFLICT]: 'has given that port to another machine',
  725: 'forwards ports for ever only, and what nobody takes back would stay open',
  728: 'has no ports left',
  729: 'has given that port away otherwise'
}

const MAX_REASON_CHARS = 120

/** Why a request failed, of an answer with another status than 200. */
export function soapFault(status: number, body: string): SoapFault {
  const code = Number(textOf(body, 'errorCode') ?? Number.NaN)
  if (Number.isNaN(code)) return { code: undefined, reason: `answers with HTTP status ${status}` }
  const words = textOf(body, 'errorDescription')?.slice(0, MAX_REASON_CHARS)
  const said = words === undefined || words === '' ? '' : ` (${words})`
  return { code, reason: FAULTS[code] ?? `refuses with UPnP's code ${code}${said}` }
}

/** The text of the first element of that name, whatever its prefix; undefined when there is none, or more in it than text. */
export function textOf(xml: string, name: string): string | undefined {
  // Each part stops at the next angle bracket: linear, whatever somebody sends.
  const [, text] = new RegExp(`<(?:\\w+:)?${name}(?:\\s[^<>]*)?>([^<>]*)</`).exec(xml) ?? []
  return text?.trim().replaceAll('&amp;', '&')
}

function urlAt(text: string, base: string | undefined, host: string): URL | undefined {
  // An empty one would lead to the base itself.
  const url = text === '' ? null : URL.parse(text, base)
  if (url === null) return undefined
  return url.protocol === 'http:' && url.hostname === host ? url : undefined
}

// PCP, the two requests that are made of it: bytes in, values out. https://www.rfc-editor.org/rfc/rfc6887 (pure)

export const PCP_VERSION = 2
export const NONCE_BYTES = 12

const ANNOUNCE = 0
const MAP = 1
const ANSWER = 0x80
const TCP = 6
const HEAD_BYTES = 24
const MAP_BYTES = HEAD_BYTES + 36

const RESULTS: Record<number, string> = {
  1: 'does not know this version of PCP',
  2: 'refuses to forward ports to this machine',
  3: 'found our request malformed',
  4: 'does not know how to forward ports',
  7: 'has no address on the Internet itself',
  8: 'has no ports left',
  9: 'does not forward TCP',
  10: 'forwards no more ports to this machine',
  12: 'is not the only NAT between it and this machine'
}

export interface PcpMapRequest {
  /** NONCE_BYTES of them; the same again renews, and nobody else can. */
  nonce: Uint8Array
  /** Our IPv4 address as the router sees it. */
  clientHost: string
  internalPort: number
  /** 0: any. */
  suggestedPort: number
  /** 0 takes the mapping back. */
  lifetimeSeconds: number
}

export type PcpMapAnswer =
  | { ok: true; externalHost: string; externalPort: number; lifetimeSeconds: number }
  | { ok: false; reason: string }

/** "Are you there?": whoever speaks PCP answers, and whoever speaks NAT-PMP only says so. */
export const encodeAnnounce = (clientHost: string): Uint8Array =>
  head(HEAD_BYTES, ANNOUNCE, 0, clientHost)

/** The version that the other side speaks; undefined: no answer to that question. */
export function decodeAnnounce(bytes: Uint8Array): number | undefined {
  const isAnswer = bytes.length >= 4 && ((bytes[1] ?? 0) & ANSWER) !== 0
  return isAnswer ? bytes[0] : undefined
}

export function encodePcpMap(request: PcpMapRequest): Uint8Array {
  const bytes = head(MAP_BYTES, MAP, request.lifetimeSeconds, request.clientHost)
  const view = new DataView(bytes.buffer)
  bytes.set(request.nonce, HEAD_BYTES)
  view.setUint8(HEAD_BYTES + 12, TCP)
  view.setUint16(HEAD_BYTES + 16, request.internalPort)
  view.setUint16(HEAD_BYTES + 18, request.suggestedPort)
  // Any IPv4 address: ::ffff:0.0.0.0.
  bytes.set([0xff, 0xff], HEAD_BYTES + 30)
  return bytes
}

/** Undefined: no answer to that request. */
export function decodePcpMap(
  bytes: Uint8Array,
  { nonce, internalPort }: Pick<PcpMapRequest, 'nonce' | 'internalPort'>
): PcpMapAnswer | undefined {
  if (bytes.length < MAP_BYTES || bytes[0] !== PCP_VERSION || bytes[1] !== (ANSWER | MAP)) {
    return undefined
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const isOurs =
    nonce.every((byte, at) => bytes[HEAD_BYTES + at] === byte) &&
    view.getUint16(HEAD_BYTES + 16) === internalPort
  if (!isOurs) return undefined
  const result = view.getUint8(3)
  if (result !== 0) {
    return { ok: false, reason: RESULTS[result] ?? `refuses with PCP's code ${result}` }
  }
  const externalHost = ip4Of(bytes.subarray(HEAD_BYTES + 20, MAP_BYTES))
  if (externalHost === undefined) return { ok: false, reason: 'names no IPv4 address of its own' }
  return {
    ok: true,
    externalHost,
    externalPort: view.getUint16(HEAD_BYTES + 18),
    lifetimeSeconds: view.getUint32(4)
  }
}

function head(
  size: number,
  question: number,
  lifetimeSeconds: number,
  clientHost: string
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size)
  bytes[0] = PCP_VERSION
  bytes[1] = question
  new DataView(bytes.buffer).setUint32(4, lifetimeSeconds)
  bytes.set([0xff, 0xff, ...clientHost.split('.').map(Number)], 18)
  return bytes
}

function ip4Of(bytes: Uint8Array): string | undefined {
  const isMapped = bytes.subarray(0, 10).every((byte) => byte === 0)
  return isMapped && bytes[10] === 0xff && bytes[11] === 0xff
    ? bytes.subarray(12, 16).join('.')
    : undefined
}

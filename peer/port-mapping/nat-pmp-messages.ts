// NAT-PMP, requests and answers: bytes in, values out. https://www.rfc-editor.org/rfc/rfc6886 (pure)

export const NAT_PMP_VERSION = 0

const EXTERNAL_ADDRESS = 0
const MAP_TCP = 2
const ANSWER = 128

const RESULTS: Record<number, string> = {
  1: 'does not know this version of NAT-PMP',
  2: 'refuses to forward ports (switched off there, as a rule)',
  3: 'has no address on the Internet itself',
  4: 'has no ports left',
  5: 'does not know how to forward ports'
}

export type NatPmpAnswer<Value> = ({ ok: true } & Value) | { ok: false; reason: string }

export const encodeExternalAddress = (): Uint8Array =>
  Uint8Array.of(NAT_PMP_VERSION, EXTERNAL_ADDRESS)

/** Undefined: no answer to that question. */
export function decodeExternalAddress(
  bytes: Uint8Array
): NatPmpAnswer<{ externalHost: string }> | undefined {
  const refused = readHead(bytes, EXTERNAL_ADDRESS)
  if (refused === undefined || !refused.ok) return refused
  if (bytes.length < 12) return undefined
  return { ok: true, externalHost: bytes.subarray(8, 12).join('.') }
}

/** A lifetime of 0 takes the mapping back; the suggested port has to be 0 then. */
export function encodeMapTcp(request: {
  internalPort: number
  suggestedPort: number
  lifetimeSeconds: number
}): Uint8Array {
  const bytes = new Uint8Array(12)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, NAT_PMP_VERSION)
  view.setUint8(1, MAP_TCP)
  view.setUint16(4, request.internalPort)
  view.setUint16(6, request.suggestedPort)
  view.setUint32(8, request.lifetimeSeconds)
  return bytes
}

/** Undefined: no answer to that question. */
export function decodeMapTcp(
  bytes: Uint8Array,
  internalPort: number
): NatPmpAnswer<{ externalPort: number; lifetimeSeconds: number }> | undefined {
  const refused = readHead(bytes, MAP_TCP)
  if (refused === undefined || !refused.ok) return refused
  if (bytes.length < 16) return undefined
  const view = viewOf(bytes)
  if (view.getUint16(8) !== internalPort) return undefined
  return { ok: true, externalPort: view.getUint16(10), lifetimeSeconds: view.getUint32(12) }
}

function readHead(
  bytes: Uint8Array,
  question: number
): { ok: true } | { ok: false; reason: string } | undefined {
  if (bytes.length < 4 || bytes[0] !== NAT_PMP_VERSION || bytes[1] !== ANSWER + question) {
    return undefined
  }
  const result = viewOf(bytes).getUint16(2)
  if (result === 0) return { ok: true }
  return { ok: false, reason: RESULTS[result] ?? `refuses with NAT-PMP's code ${result}` }
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

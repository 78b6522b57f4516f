// What relays have signed about where they saw us, to be shown to others, and the check of what others show us: nobody
// is to make us fire at a host that is not theirs.
import type { PeerId, PublicKey } from '@libp2p/interface'
import { tcpEndpoint } from '../../shared/addresses.ts'
import type { NatProof } from '../../shared/wire/nat-report.ts'
import { peerIdFromBytes } from '../../shared/wire/peer-id-bytes.ts'
import {
  decodeReflection,
  encodeReflection,
  ReflectFormatError
} from '../../shared/wire/reflect.ts'
import { isPublic, type Endpoint } from './nat-kind.ts'
import { commitmentOf, isSignedBy, type Seen } from './reflections.ts'

/** A home keeps its address for longer, as a rule; who has moved since cannot be reached there anyway. */
export const MAX_PROOF_AGE_SECONDS = 3_600

interface Voucher {
  proof: NatProof
  key: PublicKey
  /** By the relay's clock, and by ours (monotonic): what time it is there now follows from both. */
  unixSeconds: number
  atMs: number
}

export class Vouchers {
  readonly #nowMs: () => number
  /** Relay → the last that it has signed for us. */
  readonly #own = new Map<string, Voucher>()

  /** `nowMs` is monotonic. */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs
  }

  /** `seen` has been checked. */
  keep(relay: PeerId, key: PublicKey, { reflection, salt }: Seen): void {
    const proof = {
      relay: relay.toMultihash().bytes,
      salt,
      reflection: encodeReflection(reflection)
    }
    const { unixSeconds } = reflection
    this.#own.set(relay.toString(), { proof, key, unixSeconds, atMs: this.#nowMs() })
  }

  /** Those that are still believed. */
  get proofs(): NatProof[] {
    const oldestMs = this.#nowMs() - MAX_PROOF_AGE_SECONDS * 1_000
    return [...this.#own.values()].flatMap(({ proof, atMs }) => (atMs < oldestMs ? [] : [proof]))
  }

  /**
   * Where one of our own relays has seen that peer within the hour, by the relay's clock; a relay on its own network
   * counts last. Undefined when nothing proves it: also for peers that use other relays than we do.
   */
  async provenAddress(proofs: readonly NatProof[], peer: PeerId): Promise<Endpoint | undefined> {
    const proven: Endpoint[] = []
    for (const proof of proofs) {
      const relay = peerIdFromBytes(proof.relay)
      const ours = relay && this.#own.get(relay.toString())
      const address = ours && (await this.#check(proof, ours, peer))
      if (address !== undefined) proven.push(address)
    }
    return proven.find(isPublic) ?? proven[0]
  }

  async #check(
    { salt, reflection: bytes }: NatProof,
    { key, unixSeconds, atMs }: Voucher,
    peer: PeerId
  ): Promise<Endpoint | undefined> {
    const reflection = readable(bytes)
    const endpoint = reflection && tcpEndpoint(reflection.address)
    if (reflection === undefined || endpoint?.family !== 4) return undefined
    const relaySeconds = unixSeconds + (this.#nowMs() - atMs) / 1_000
    if (Math.abs(relaySeconds - reflection.unixSeconds) > MAX_PROOF_AGE_SECONDS) return undefined
    const isTrue = await isSignedBy(key, commitmentOf(salt, peer), reflection)
    return isTrue ? { host: endpoint.host, port: endpoint.port } : undefined
  }
}

function readable(bytes: Uint8Array): ReturnType<typeof decodeReflection> | undefined {
  try {
    return decodeReflection(bytes)
  } catch (error) {
    if (error instanceof ReflectFormatError) return undefined
    throw error
  }
}

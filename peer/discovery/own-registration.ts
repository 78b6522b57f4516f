// This peer's own registration in the room: when it is due, and how it is made.
import type { PrivateKey } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { MAX_SEALED_ADDRESSES, RECORD_FORMS, sealRecord } from '../../shared/signed-record.ts'
import type { RendezvousChannel } from './channel.ts'
import { RefusedError, register } from './rendezvous-client.ts'

export interface OwnRegistrationConfig {
  room: string
  privateKey: PrivateKey
  addresses: () => Multiaddr[]
  nowMs: () => number
}

export class OwnRegistration {
  readonly #config: OwnRegistrationConfig
  #channel: RendezvousChannel | undefined
  #addresses = ''
  #renewAtMs = 0
  #sequence = 0

  constructor(config: OwnRegistrationConfig) {
    this.#config = config
  }

  /** On another connection, with other addresses, or with half of its TTL gone. */
  isDue(channel: RendezvousChannel): boolean {
    return (
      channel !== this.#channel ||
      this.#currentAddresses().join('\n') !== this.#addresses ||
      this.#config.nowMs() >= this.#renewAtMs
    )
  }

  /** The server does not know it any more. */
  forget(): void {
    this.#channel = undefined
  }

  /**
   * Signs the records, then resolves with the exchange that registers them: what is asked on the channel after that
   * comes after it. The room is registered in both forms of records; one that the server takes is enough.
   */
  async prepare(channel: RendezvousChannel, signal: AbortSignal): Promise<() => Promise<void>> {
    const { privateKey, room } = this.#config
    const addresses = this.#currentAddresses()
    // Grows over restarts too, since it starts at the clock.
    const sequence = Math.max(this.#sequence + 1, Date.now())
    this.#sequence = sequence
    const records = await Promise.all(
      RECORD_FORMS.map((form) => sealRecord(privateKey, { form, addresses, sequence, signal }))
    )
    return async () => {
      const results = await Promise.allSettled(
        records.map((record) => register(channel, { room, record, signal }))
      )
      const granted = results.filter((each) => each.status === 'fulfilled')
      if (granted.length === 0) throw mostTelling(results)
      this.#channel = channel
      this.#addresses = addresses.join('\n')
      const ttlMs = Math.min(...granted.map((each) => each.value.ttlMs))
      this.#renewAtMs = this.#config.nowMs() + ttlMs / 2
    }
  }

  #currentAddresses(): Multiaddr[] {
    return this.#config.addresses().slice(0, MAX_SEALED_ADDRESSES)
  }
}

/** A refusal with its status says more than a stream that was closed because of a record that the server cannot read. */
function mostTelling(results: Array<PromiseSettledResult<unknown>>): unknown {
  const reasons: unknown[] = results.flatMap((each) =>
    each.status === 'rejected' ? [each.reason] : []
  )
  return reasons.find((each) => each instanceof RefusedError) ?? reasons[0]
}

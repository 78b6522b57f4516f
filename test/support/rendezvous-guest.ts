// A peer that registers and looks for others by hand, and tells the status of each answer.
import type { TestContext } from 'node:test'
import type { Connection, PrivateKey } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { rendezvousChannel, type RendezvousChannel } from '../../peer/discovery/channel.ts'
import { sealRecord } from '../../shared/signed-record.ts'
import { patience } from './raw-circuit.ts'

export interface RendezvousGuest {
  channel: RendezvousChannel
  register: (room: string) => Promise<number | undefined>
  discover: (room: string) => Promise<number | undefined>
}

/** Over a connection to a relay of the node that has that key. */
export async function rendezvousGuest(
  test: TestContext,
  connection: Connection,
  key: PrivateKey
): Promise<RendezvousGuest> {
  const channel = rendezvousChannel(connection)
  test.after(async () => channel[Symbol.asyncDispose]())
  const ask = async (
    request: Parameters<RendezvousChannel['ask']>[0]
  ): Promise<number | undefined> => {
    const reply = await channel.ask(request, { signal: patience() })
    return 'status' in reply ? reply.status : undefined
  }
  const addresses = [multiaddr('/ip4/192.0.2.1/tcp/4001')]
  const signal = patience()
  const record = await sealRecord(key, { form: 'standard', addresses, sequence: 1, signal })
  return {
    channel,
    register: async (ns) => ask({ type: 'register', ns, signedPeerRecord: record }),
    discover: async (ns) => ask({ type: 'discover', ns })
  }
}

// The checks, one by one: what each of them measures, and which assessment it hands that to.
import { multiaddr } from '@multiformats/multiaddr'
import { isPublicAddress, tcpEndpoint, withoutPeer } from '../../shared/addresses.ts'
import type { PortReuse } from '../../shared/transport/port-reuse.ts'
import { refusal, relayFailure } from '../reservations/relay-failures.ts'
import { assessExpiry, assessTold } from './assess/clock.ts'
import { assessIpv6, type Ipv6Seen } from './assess/ipv6.ts'
import { assessLargePackets } from './assess/large-packets.ts'
import { assessNetwork, assessNode, assessPortReuse, assessState } from './assess/machine.ts'
import { assessNat } from './assess/nat.ts'
import { assessPortMapping, NOT_NEEDED } from './assess/port-mapping.ts'
import {
  assessRefused,
  assessRelay,
  assessReserved,
  assessUnreached,
  NAME_A_RELAY,
  noRelay
} from './assess/relay.ts'
import type { Examination } from './examination.ts'
import type { Check, CheckName, Finding } from './finding.ts'
import { interfaceAddresses } from './measure/interfaces.ts'
import type { RelayVisit } from './measure/relay-visit.ts'
import { whyNotWritable } from './measure/state-folder.ts'
import { tcpConnectMs } from './measure/tcp-connect.ts'

export interface MachineInit {
  nodeVersion: string
  stateFolder: string
  reuse: PortReuse
}

/** Those that ask nobody. */
export function machineChecks({ nodeVersion, stateFolder, reuse }: MachineInit): Check[] {
  return [
    { name: 'node', run: async () => assessNode(nodeVersion) },
    {
      name: 'state',
      run: async () => assessState(stateFolder, await whyNotWritable(stateFolder))
    },
    { name: 'port-reuse', run: async () => assessPortReuse(reuse) },
    { name: 'network', run: async () => assessNetwork(interfaceAddresses()) }
  ]
}

const AT_A_RELAY = ['reservation', 'clock', 'large-packets'] as const

export function relayChecks(visits: readonly RelayVisit[]): Check[] {
  return visits.length === 0 ? withoutRelay() : visits.flatMap(visitChecks)
}

function withoutRelay(): Check[] {
  const sentence = 'no relay is named'
  const missing: Finding = { verdict: 'warn', sentence, evidence: {}, remedies: [NAME_A_RELAY] }
  const skipped = AT_A_RELAY.map((name): Check => ({ name, run: async () => noRelay(sentence) }))
  return [{ name: 'relay', run: async () => missing }, ...skipped]
}

function visitChecks(visit: RelayVisit): Check[] {
  const { relay, reached, reservation, echoes } = visit
  const after = (name: CheckName, run: () => Promise<Finding>): Check => ({
    name,
    run: async () => reached.then(run, () => noRelay('the relay was not reached'))
  })
  return [
    {
      name: 'relay',
      run: async (signal) =>
        reached.then(assessRelay, (error: unknown) => {
          signal.throwIfAborted()
          return assessUnreached(relay, relayFailure(relay, error).message)
        })
    },
    after('reservation', async () => reservationOf(relay, reservation)),
    after('clock', async () => clockOf(visit)),
    after('large-packets', async () => assessLargePackets(await echoes))
  ]
}

async function clockOf({ reservation, observed }: RelayVisit): Promise<Finding> {
  const told = await observed.then(({ clock }) => clock).catch(() => undefined)
  if (told !== undefined) return assessTold(told)
  const answer = await reservation.catch(() => undefined)
  return answer?.granted === true
    ? assessExpiry(answer.expiresAtMs, answer.nowMs)
    : noRelay('no reservation tells the relay’s time')
}

async function reservationOf(
  relay: string,
  reservation: RelayVisit['reservation']
): Promise<Finding> {
  try {
    const answer = await reservation
    return answer.granted
      ? assessReserved({ relay, limit: answer.limit })
      : assessRefused(relay, refusal(relay, answer))
  } catch (error) {
    return assessRefused(relay, relayFailure(relay, error))
  }
}

/** Those about the way between here and others. */
export function pathChecks({ visits, nat, forward }: Examination): Check[] {
  return [
    {
      name: 'nat',
      run: async () => {
        const forwarded = (await forward)?.mapped !== undefined
        return assessNat(await nat, { forwarded })
      }
    },
    {
      name: 'ipv6',
      run: async (signal) => assessIpv6(await ipv6Seen(visits, signal))
    },
    {
      name: 'port-mapping',
      run: async () => {
        const tried = await forward
        return tried === undefined ? NOT_NEEDED : assessPortMapping(tried)
      }
    }
  ]
}

async function ipv6Seen(visits: readonly RelayVisit[], signal: AbortSignal): Promise<Ipv6Seen> {
  const own = interfaceAddresses().flatMap(({ family, isPublic, address }) =>
    family === 6 && isPublic ? [address] : []
  )
  const relay = own.length === 0 ? undefined : await ipv6Relay(visits)
  if (relay === undefined) return { own }
  try {
    return {
      own,
      tried: { relay: relay.text, ms: await tcpConnectMs(relay.host, relay.port, signal) }
    }
  } catch (error) {
    signal.throwIfAborted()
    const problem = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    return { own, tried: { relay: relay.text, problem } }
  }
}

/** The first public IPv6 address of a relay: as it was named, or as it says. */
async function ipv6Relay(
  visits: readonly RelayVisit[]
): Promise<{ text: string; host: string; port: number } | undefined> {
  const told = await Promise.allSettled(visits.map(async ({ reservation }) => reservation))
  const addresses = [
    ...visits.map(({ relay }) => withoutPeer(multiaddr(relay))),
    ...told.flatMap((each) =>
      each.status === 'fulfilled' && each.value.granted ? each.value.addresses.map(withoutPeer) : []
    )
  ]
  const found = addresses.find(
    (address) => tcpEndpoint(address)?.family === 6 && isPublicAddress(address)
  )
  const endpoint = found === undefined ? undefined : tcpEndpoint(found)
  return found === undefined || endpoint === undefined
    ? undefined
    : { text: found.toString(), host: endpoint.host, port: endpoint.port }
}

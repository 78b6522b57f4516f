// Why a path is not direct, in one sentence that a user can act on, from what was seen. (pure)
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { distinct, isPublicAddress, tcpEndpoint, withoutPeer } from '../../shared/addresses.ts'
import type { PortReuse } from '../../shared/transport/port-reuse.ts'
import type { OwnAddresses, Refused } from './candidates.ts'
import type { GuessEvidence } from './guessing.ts'
import { whyNotGuessed } from './nat-reasons.ts'
import { ONE_NETWORK, WHAT_TO_DO } from './remedies.ts'

export interface Evidence {
  /** What the user calls the other side. */
  peerName: string
  own: OwnAddresses
  offered: readonly Multiaddr[]
  refused: readonly Refused[]
  /** Candidate → failures → count. */
  errors: ReadonlyMap<string, ReadonlyMap<string, number>>
  reuse: PortReuse
  /** The step of the exchange that failed, when no dial was made at all. */
  failedStep?: string
  /** What both sides know of their NATs. */
  guess?: GuessEvidence
}

/** Of the addresses that let nobody in. */
const MAX_FAILURES_TOLD = 3

/**
 * The side that was dialled has not begun to look for a direct path. In a large room it may be about to: it takes a few
 * peers at a time, and only it knows how many it has.
 */
export function whyNothingHappens(peerName: string): string {
  return `${peerName} has not begun to look for a direct path: it may be looking for those to others first, want to stay relayed, or not know how`
}

export const STAYS_RELAYED = 'you asked to stay relayed (--relayed-only)'

export function whyNotDirect(evidence: Evidence): string {
  return (
    exchangeFailed(evidence) ??
    noCandidates(evidence) ??
    oneNat(evidence) ??
    noPortReuse(evidence) ??
    whyNotGuessed(evidence) ??
    portsChange(evidence) ??
    nobodyAnswers(evidence)
  )
}

function exchangeFailed({ failedStep, peerName }: Evidence): string | undefined {
  if (failedStep === undefined) return undefined
  return /UnsupportedProtocol|does not speak/.test(failedStep)
    ? `${peerName} does not speak /libp2p/dcutr, so no direct connection can be agreed on`
    : `agreeing on a direct connection with ${peerName} over the relay failed (${failedStep})`
}

function noCandidates({ offered, refused, peerName }: Evidence): string | undefined {
  if (offered.length === 0) return `${peerName} knows no address of its own that could be dialled`
  if (refused.length < offered.length) return undefined
  const listed = refused.slice(0, 3).map(({ address, reason }) => `${address}: ${reason}`)
  return `${peerName} offered no address that may be dialled (${listed.join('; ')})`
}

/** Whoever has the address that relays see us at is behind our own NAT, or our carrier's, or behind one on our machine. */
function oneNat({ own, offered, peerName }: Evidence): string | undefined {
  const theirs = outsideHosts4(offered)
  const ours = new Set(outsideHosts4(own.mapped))
  const shared = theirs.find((host) => ours.has(host))
  if (shared === undefined) return undefined
  const here = new Set(hosts4(own.listening))
  if (!here.has(shared)) {
    const both = `you and ${peerName} are both behind ${shared}, a NAT that does not lead from one to the other`
    return own.hairpin === false
      ? `${both} (what you send to that address yourself does not come back): hairpinning (NAT loopback) switched on there, or ${ONE_NETWORK}`
      : `${both}: ${ONE_NETWORK}`
  }
  // Without an address of another network it is no NAT, but another program on this machine.
  if (hosts4(offered).every((host) => here.has(host))) return undefined
  return `relays see ${peerName} at ${shared}, your own address, so it is behind a NAT on your machine (a container's, a virtual machine's) that does not lead to it: a port published there, or your machine's own network, would make it direct`
}

/** Where a relay sees a peer: at a public address; a relay within the same carrier or company may see another one. */
function outsideHosts4(addresses: readonly Multiaddr[]): string[] {
  const publicHosts = hosts4(addresses.filter(isPublicAddress))
  return publicHosts.length > 0 ? publicHosts : hosts4(addresses)
}

function hosts4(addresses: readonly Multiaddr[]): string[] {
  return addresses.flatMap((address) => {
    const endpoint = tcpEndpoint(address)
    return endpoint?.family === 4 ? [endpoint.host] : []
  })
}

function noPortReuse({ reuse }: Evidence): string | undefined {
  return reuse.available ? undefined : reuse.reason
}

/** A NAT that gives the relay another port than the one we listen on gives peers yet another one. */
function portsChange({ own, offered, peerName, guess }: Evidence): string | undefined {
  // Both know better: one other port for all is as good as one that was kept.
  if (guess?.plan !== undefined) return undefined
  const ours = changedPort(own.mapped, own.listening)
  const publicOnes = offered.filter(isPublicAddress)
  const theirs = changedPort(
    publicOnes,
    offered.filter((address) => !isPublicAddress(address))
  )
  if (ours !== undefined && theirs !== undefined) {
    return `your NAT and ${peerName}'s NAT both change ports (yours: ${seen(ours)}; theirs: ${seen(theirs)}), so neither side knows where to dial: ${WHAT_TO_DO}`
  }
  if (ours !== undefined) {
    return `your NAT changes ports (${seen(ours)}) and opens another one for ${peerName}, whose NAT lets in only what it was asked for: ${WHAT_TO_DO}`
  }
  if (theirs !== undefined) {
    return `${peerName}'s NAT changes ports (${seen(theirs)}) and opens another one for you, which your NAT does not let in: ${WHAT_TO_DO}`
  }
  return undefined
}

const DROPPED = 'a firewall between you drops the packets'

function nobodyAnswers(evidence: Evidence): string {
  const { errors, offered, refused, peerName } = evidence
  if (errors.size === 0) {
    const dialled = offered.length - refused.length
    const silent =
      dialled === 1
        ? `${peerName}'s address does not answer`
        : `none of ${peerName}'s ${dialled} addresses answers`
    return `${silent}: ${DROPPED}; ${WHAT_TO_DO}`
  }
  const failures = [...errors]
    .toSorted(([one], [other]) => Number(isPublic(other)) - Number(isPublic(one)))
    .slice(0, MAX_FAILURES_TOLD)
    .map(([address, counts]) => `${address}: ${words(counts)}`)
    .join('; ')
  const silence = publicSilence(evidence)
  return silence === undefined
    ? `none of ${peerName}'s addresses let us in (${failures}): ${WHAT_TO_DO}`
    : `${silence}: ${DROPPED}, and no other address lets us in (${failures}); ${WHAT_TO_DO}`
}

/**
 * Of public addresses from which nothing came back, not even a no. That is where the way would be: a private one that
 * refuses may be anybody's, our own docker0 included.
 */
function publicSilence({ errors, offered, refused, peerName }: Evidence): string | undefined {
  const others = new Set([...errors.keys(), ...refused.map(({ address }) => address)])
  const dialled = distinct(offered.map(withoutPeer)).map(String)
  const [silent, ...more] = dialled.filter((each) => isPublic(each) && !others.has(each))
  if (silent === undefined) return undefined
  return more.length === 0
    ? `${peerName}'s public address ${silent} does not answer`
    : `${more.length + 1} of ${peerName}'s public addresses do not answer (${silent} is one)`
}

function isPublic(address: string): boolean {
  return isPublicAddress(multiaddr(address))
}

const FAILURES: Record<string, string> = {
  ECONNREFUSED: 'refused',
  ETIMEDOUT: 'no answer',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'no route',
  ECONNRESET: 'reset',
  EADDRNOTAVAIL: 'their packet arrived, its answer did not get through'
}

function words(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .map(([failure, times]) => `${FAILURES[failure] ?? failure} ${times} ×`)
    .join(', ')
}

interface ChangedPort {
  from: number
  to: number
}

function seen({ from, to }: ChangedPort): string {
  return `port ${from} became ${to} at the relay`
}

function changedPort(
  outside: readonly Multiaddr[],
  inside: readonly Multiaddr[]
): ChangedPort | undefined {
  const insidePorts = ports(inside)
  const outsidePorts = ports(outside)
  const [from] = insidePorts
  const to = outsidePorts.find((port) => !insidePorts.includes(port))
  const kept = outsidePorts.some((port) => insidePorts.includes(port))
  return from === undefined || to === undefined || kept ? undefined : { from, to }
}

function ports(addresses: readonly Multiaddr[]): number[] {
  return addresses.flatMap((address) => {
    const endpoint = tcpEndpoint(address)
    return endpoint?.family === 4 ? [endpoint.port] : []
  })
}

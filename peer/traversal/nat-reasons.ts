// Why guessing ports did not help, or was not tried, in one sentence with what was seen of both NATs. (pure)
import type { NatReport } from '../../shared/wire/nat-report.ts'
import { changesPorts, type Hopeless } from './guess-plan.ts'
import type { GuessEvidence, Shortage } from './guessing.ts'
import { ENOUGH_OPEN_FILES, ONE_NETWORK, WHAT_TO_DO } from './remedies.ts'

/** So many of the ports seen are enough to believe it. */
const MAX_PORTS_TOLD = 3

/** Undefined when ports that change are not what keeps the two apart. */
export function whyNotGuessed({
  guess = {},
  peerName
}: {
  guess?: GuessEvidence
  peerName: string
}): string | undefined {
  const { own, other, plan, shortage } = guess
  if (own === undefined) return undefined
  if (other === undefined) {
    return changesPorts(own)
      ? `${words(YOU, own)}, and ${peerName} does not tell what its NAT does (another program, or no relay has answered it), so ports cannot be guessed: ${WHAT_TO_DO}`
      : undefined
  }
  if (plan === undefined || plan.kind === 'plain') return undefined
  const both = `${words(YOU, own)}, ${words(sideOf(peerName), other)}`
  return plan.kind === 'hopeless'
    ? `${both}: ${whyHopeless(plan, { own, other, peerName, shortage })}`
    : `${both}: ${whatCameOfIt(guess, peerName)}`
}

interface Sides {
  own: NatReport
  other: NatReport
  peerName: string
  shortage: Shortage | undefined
}

function whyHopeless(plan: Hopeless, sides: Sides): string {
  const { own, other, peerName } = sides
  switch (plan.why) {
    case 'both-change-ports':
      return `neither side can know where to dial; ${WHAT_TO_DO}`
    case 'pool': {
      const [whose, hosts] =
        own.hosts > 1 ? ['your NAT', own.hosts] : [`${peerName}'s NAT`, other.hosts]
      return `${whose} uses ${hosts} public addresses in turn, so nobody knows where to dial; ${WHAT_TO_DO}`
    }
    case 'few-sockets':
      return whyFewSockets(plan, sides)
    default:
      return plan satisfies never
  }
}

type FewSockets = Extract<Hopeless, { why: 'few-sockets' }>

function whyFewSockets(plan: FewSockets, { own, other, peerName, shortage }: Sides): string {
  const isBusy = shortage === 'other-punches'
  const few: string[] = []
  const raise: string[] = []
  if (own.sockets < plan.mine) {
    const leave = isBusy ? 'other punches of yours leave' : 'your limit of open files leaves'
    few.push(`${plan.mine} sockets here (${leave} ${own.sockets})`)
    if (!isBusy) raise.push('here')
  }
  if (other.sockets < plan.yours) {
    few.push(`${plan.yours} sockets at ${peerName}'s (there are ${other.sockets})`)
    raise.push(`at ${peerName}'s`)
  }
  const limit = `raise the limit of open files ${raise.join(' and ')} (ulimit -n ${ENOUGH_OPEN_FILES})`
  const remedy = raise.length === 0 ? 'it is tried again' : limit
  return `guessing ports takes ${few.join(' and ')}; ${remedy}, or: ${WHAT_TO_DO}`
}

function whatCameOfIt({ withheld, count }: GuessEvidence, peerName: string): string {
  switch (withheld) {
    case 'unproven':
      return `no relay that you both use confirms an address that ${peerName} offers, so no ports are guessed there; meet at one relay, or: ${WHAT_TO_DO}`
    case 'same-host':
      return `relays see ${peerName} at your own address, and to guess ports there would be to knock at your own NAT; ${ONE_NETWORK}`
    case 'spent':
      return `ports were guessed as often as an hour may see, for ${peerName}, its NAT or all peers; it goes on later, or: ${WHAT_TO_DO}`
    case 'no-port':
      return `you listen on no port from which ${peerName}'s address can be reached, so there is none to guess from; listen on all addresses (--listen /ip4/0.0.0.0/tcp/0), or: ${WHAT_TO_DO}`
    case undefined:
      return count !== undefined && count.fired > 0
        ? `${count.fired} tries at guessed ports met nothing; ${WHAT_TO_DO}`
        : `the round was over before a port was guessed; it is tried again, or: ${WHAT_TO_DO}`
    default:
      return withheld satisfies never
  }
}

interface Side {
  has: string
  nat: string
}

const YOU: Side = { has: 'you have', nat: 'your NAT' }

const sideOf = (peerName: string): Side => ({ has: `${peerName} has`, nat: `${peerName}'s NAT` })

/** "your NAT gives every destination another port (40001, 40417, 40952 seen)" */
function words({ has, nat }: Side, report: NatReport): string {
  const told = [...new Set(report.seenPorts)].slice(0, MAX_PORTS_TOLD).join(', ')
  const seen = `(${told || 'no port'} seen)`
  return report.mapping === 'none'
    ? `${has} no NAT but a firewall that lets in only whom it has sent to ${seen}`
    : `${nat} ${doing(report)} ${seen}`
}

function doing(report: NatReport): string {
  if (!changesPorts(report)) return 'keeps to one port and lets in only whom it has sent to'
  if (report.mapping === 'unknown')
    return 'gives out another port than the own one, perhaps another for everyone'
  if (report.ports === 'sequential') return 'gives every destination the next port'
  if (report.ports === 'block') return 'gives every destination another port of a block'
  return 'gives every destination another port'
}

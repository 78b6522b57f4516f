// Why guessing ports did not help, or was not tried, in one sentence with what was seen of both NATs. (pure)
import type { NatReport } from '../../shared/wire/nat-report.ts'
import { changesPorts, type Hopeless } from './guess-plan.ts'
import type { GuessEvidence } from './guessing.ts'
import { WHAT_TO_DO } from './remedies.ts'

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
  const { own, other, plan } = guess
  if (own === undefined) return undefined
  if (other === undefined) {
    return changesPorts(own)
      ? `${words('your', own)}, and ${peerName}'s program does not tell what its NAT does, so ports cannot be guessed: ${WHAT_TO_DO}`
      : undefined
  }
  if (plan === undefined || plan.kind === 'plain') return undefined
  const both = `${words('your', own)}, ${words(`${peerName}'s`, other)}`
  return plan.kind === 'hopeless'
    ? `${both}: ${whyHopeless(plan, { own, other, peerName })}`
    : `${both}: ${whatCameOfIt(guess, peerName)}`
}

interface Sides {
  own: NatReport
  other: NatReport
  peerName: string
}

function whyHopeless(plan: Hopeless, { own, other, peerName }: Sides): string {
  switch (plan.why) {
    case 'both-change-ports':
      return `neither side can know where to dial; ${WHAT_TO_DO}`
    case 'pool': {
      const [whose, hosts] =
        own.hosts > 1 ? ['your NAT', own.hosts] : [`${peerName}'s NAT`, other.hosts]
      return `${whose} uses ${hosts} public addresses in turn, so nobody knows where to dial; ${WHAT_TO_DO}`
    }
    case 'few-sockets': {
      const here =
        own.sockets < plan.mine ? `${plan.mine} free files here (there are ${own.sockets})` : ''
      const there =
        other.sockets < plan.yours
          ? `${plan.yours} at ${peerName}'s (there are ${other.sockets})`
          : ''
      const needed = [here, there].filter(Boolean).join(' and ')
      return `guessing ports takes ${needed}; raise the limit of open files (ulimit -n), or: ${WHAT_TO_DO}`
    }
    default:
      return plan satisfies never
  }
}

function whatCameOfIt({ withheld, count }: GuessEvidence, peerName: string): string {
  switch (withheld) {
    case 'unproven':
      return `no relay that you both use has seen ${peerName} there, so its ports are not guessed; meet at one relay, or: ${WHAT_TO_DO}`
    case 'same-host':
      return `both are behind one public address, and do not reach each other inside; ${WHAT_TO_DO}`
    case 'spent':
      return `guessed ports were tried often enough for an hour; ${WHAT_TO_DO}`
    case undefined:
      return `${count?.fired ?? 0} tries at guessed ports met nothing; ${WHAT_TO_DO}`
    default:
      return withheld satisfies never
  }
}

/** "your NAT gives every destination another port (40001, 40417, 40952 seen)" */
function words(whose: string, report: NatReport): string {
  const told = [...new Set(report.seenPorts)].slice(0, MAX_PORTS_TOLD).join(', ')
  return `${whose} NAT ${doing(report)} (${told || 'no port'} seen)`
}

function doing(report: NatReport): string {
  if (report.mapping === 'none') return 'is a firewall that lets in only whom it has sent to'
  if (!changesPorts(report)) return 'keeps to one port and lets in only whom it has sent to'
  if (report.mapping === 'unknown')
    return 'gives you another port than your own, perhaps another for everyone'
  if (report.ports === 'sequential') return 'gives every destination the next port'
  if (report.ports === 'block') return 'gives every destination another port of a block'
  return 'gives every destination another port'
}

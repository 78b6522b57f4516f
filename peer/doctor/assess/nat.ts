// What kind of NAT there is, in words. (pure)
import { isSymmetric, type NatKind } from '../../nat/nat-kind.ts'
import type { Finding, Remedy } from '../finding.ts'

/** More ports than these say no more. */
const MAX_SHOWN = 4

const OPEN_A_PORT: Remedy[] = [
  {
    text: 'Switch on UPnP, NAT-PMP or PCP in your router: Parley then has it forward a port. Or forward a TCP port there by hand, and start with --listen /ip4/0.0.0.0/tcp/PORT --announce /ip4/PUBLIC-ADDRESS/tcp/PORT.',
    effect: 'to be direct with more'
  },
  {
    text: 'Use a network with IPv6, which needs no NAT: some providers switch it on when asked.',
    effect: 'to be direct with more'
  }
]

/** `forwarded`: a router forwards a port to us, so that the NAT does not matter. */
export function assessNat(kind: NatKind, { forwarded }: { forwarded: boolean }): Finding {
  const evidence = {
    ...kind,
    seen: kind.seen.map(({ destination, address }) => ({ destination, address }))
  }
  if (kind.seen.length === 0) {
    const sentence = 'not tried: no relay on another machine says where it sees you'
    return { verdict: 'skipped', sentence, evidence }
  }
  const places = placesOf(kind.seen.filter(({ freshPort }) => freshPort === undefined))
  if (isSymmetric(kind)) {
    const sentence = `your NAT shows every destination another port (${placesOf(kind.seen)}), ${PATTERNS[kind.ports]}`
    return forwarded
      ? { verdict: 'ok', sentence: `${sentence}; the forwarded port makes up for it`, evidence }
      : { verdict: 'warn', sentence, evidence, remedies: OPEN_A_PORT }
  }
  if (kind.mapping === 'none') {
    const sentence = `there is no NAT: the relay sees you at your own address (${places})${NO_NAT[kind.filtering]}`
    return { verdict: 'ok', sentence, evidence }
  }
  if (kind.mapping === 'endpoint-independent') {
    const sentence = `your NAT shows everybody one address (${places}): it can be punched${UNASKED[kind.filtering]}${insideOut(kind)}`
    return { verdict: 'ok', sentence, evidence }
  }
  if (kind.ports === 'preserved') {
    const sentence = `your NAT keeps the port you listen on (${places}): it can be punched${UNASKED[kind.filtering]}`
    return { verdict: 'ok', sentence, evidence }
  }
  const sentence = `one relay sees you at ${places}: a second --relay would tell whether others see the same`
  return { verdict: 'skipped', sentence, evidence }
}

/** What becomes of a connection that nobody behind the NAT has asked for. */
const UNASKED: Record<NatKind['filtering'], string> = {
  open: '; it lets in who dials you',
  drop: '; it drops who dials you unasked',
  rst: '; it refuses who dials you unasked',
  unknown: ''
}

const NO_NAT: Record<NatKind['filtering'], string> = {
  open: ', and can dial you there',
  drop: '; a firewall drops who dials you unasked',
  rst: '; a firewall refuses who dials you unasked',
  unknown: ''
}

/** What matters to two peers behind one NAT that do not see each other inside: in two homes of one carrier. */
function insideOut({ hairpin }: NatKind): string {
  if (hairpin === undefined) return ''
  return hairpin
    ? '; from inside its outside can be reached'
    : '; from inside its outside cannot be reached (no hairpinning), so peers behind it meet inside or not at all'
}

const PATTERNS: Record<NatKind['ports'], string> = {
  sequential: 'one after the other, so that the next can be guessed',
  block: 'within a small range',
  random: 'at random',
  preserved: 'some of them kept',
  changed: 'at random',
  unknown: 'without a pattern seen'
}

/** `7.7.7.2:4001`; `7.7.7.2: 40001, 40417`, where several ports of a host were seen. */
function placesOf(seen: NatKind['seen']): string {
  const byHost = Map.groupBy(seen, ({ address }) => address.host)
  const hosts = [...byHost].map(([host, at]) => {
    const ports = [...new Set(at.map(({ address }) => address.port))].slice(0, MAX_SHOWN)
    return `${host}:${ports.length > 1 ? ' ' : ''}${ports.join(', ')}`
  })
  return hosts.slice(0, MAX_SHOWN).join(', ')
}

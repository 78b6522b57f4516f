// How each kind of router treats packets, as nftables rulesets. Pure text.
// A router has two interfaces, `lan` and `wan`. Whatever is dropped is dropped before conntrack confirms it, so it
// leaves no state. No kind but `hairpin` answers from the inside at the router's own public address.

/**
 * - `none`: a public host without a router
 * - `firewall`: a public host behind a router that only lets answers in
 * - `full-cone`: whatever comes to the public address reaches one host behind it
 * - `address-restricted`: as `full-cone`, but only from hosts that packets were sent to, from any of their ports
 * - `drop`: keeps the port; lets answers in from where packets were sent to; drops everything else silently
 * - `rst`: as `drop`, but refuses an unsolicited SYN with RST
 * - `hairpin`: as `drop`, and hosts behind it reach each other, and themselves, at its public address
 * - `double`: two routers, one behind the other, each as `drop`
 * - `symmetric`: as `drop`, but each destination sees another, random port
 * - `symmetric-rst`: as `symmetric`, but refuses an unsolicited SYN with RST
 * - `block`: as `symmetric`, but within 512 ports, as carriers give them to a customer
 * - `sequential`: as `symmetric`, but each new destination sees the next port
 */
export type NatKind =
  | 'none'
  | 'firewall'
  | 'full-cone'
  | 'address-restricted'
  | 'drop'
  | 'rst'
  | 'hairpin'
  | 'double'
  | 'symmetric'
  | 'symmetric-rst'
  | 'block'
  | 'sequential'

/** Kinds that are one router. */
export type RouterKind = Exclude<NatKind, 'none' | 'double'>

/** Where the ports of the two kinds begin that do not take them from everywhere. */
export const FIRST_PORT = 40_000

export const BLOCK_PORTS = 512

/** Then it begins again. */
const SEQUENCE_PORTS = 4_096

/** @param inside - the address of the host that gets what nobody asked for, of kinds that let it in */
export function routerRules(kind: RouterKind, inside: string): string {
  return RULES[kind](inside)
}

/** What Docker sets up for its default bridge: containers leave as their host, nobody gets in unasked. */
export function containerHostRules(): string {
  return `table ip router {
  chain postrouting {
    type nat hook postrouting priority srcnat
    ip saddr 172.17.0.0/16 oifname != "docker0" masquerade
  }
  chain forward {
    type filter hook forward priority filter; policy drop
    ct state established,related accept
    iifname "docker0" accept
  }
}
`
}

/** For a router beside its own rules: drops, silently, whatever goes to or comes from that address. */
export function dropRules(address: string): string {
  return `table ip cut {
  chain forward {
    type filter hook forward priority filter - 1
    ip daddr ${address} drop
    ip saddr ${address} drop
  }
}
`
}

/** For a router beside its own rules: a tunnel that is too small for such packets, and that nobody is told of. */
export function dropLargeRules(maxBytes: number): string {
  return `table ip tunnel {
  chain forward {
    type filter hook forward priority filter - 1
    ip length > ${maxBytes} drop
  }
}
`
}

/** What an inside port was translated to is over: from now on it is that one, whatever the destination. */
export function renumberRule(port: number, outsidePort: number): string {
  return `insert rule ip router postrouting oifname "wan" tcp sport ${port} masquerade to :${outsidePort}\n`
}

/** For a router of a kind that lets in answers alone: one port leads to one host, for everybody. */
export function forwardRules(inside: string, port: number): string {
  return `table ip forwards {
  chain prerouting {
    type nat hook prerouting priority dstnat
    iifname "wan" tcp dport ${port} dnat to ${inside}
  }
}
insert rule ip router forward ct status dnat accept
`
}

/** A router that translates nothing and lets only answers in. */
export function firewall6Rules(): string {
  return `table ip6 router {
${filter({ input: NEIGHBOURS })}}
`
}

const RULES: Record<RouterKind, (inside: string) => string> = {
  firewall: () => table(filter()),
  'full-cone': (inside) =>
    table(
      prerouting(`iifname "wan" dnat to ${inside}`),
      postrouting(MASQUERADE),
      filter({ forward: 'ct status dnat accept' })
    ),
  'address-restricted': (inside) =>
    table(
      '  set asked { type ipv4_addr; flags dynamic,timeout; timeout 2m; }\n',
      prerouting(`iifname "wan" ip saddr @asked dnat to ${inside}`),
      postrouting('oifname "wan" update @asked { ip daddr } masquerade'),
      filter({ forward: 'ct status dnat accept' })
    ),
  drop: () => table(postrouting(MASQUERADE), filter()),
  rst: () => table(postrouting(MASQUERADE), filter({ input: REFUSE })),
  hairpin: () =>
    table(
      '  map mapped { type inet_service : ipv4_addr; flags dynamic,timeout; timeout 2m; }\n',
      prerouting('iifname "lan" fib daddr type local dnat to tcp dport map @mapped'),
      postrouting(
        'oifname "wan" meta l4proto tcp update @mapped { tcp sport : ip saddr } masquerade',
        'oifname "lan" ct status dnat snat to ct original ip daddr'
      ),
      filter()
    ),
  symmetric: () => table(postrouting(RANDOM), filter()),
  'symmetric-rst': () => table(postrouting(RANDOM), filter({ input: REFUSE })),
  block: () =>
    table(
      postrouting(
        `oifname "wan" meta l4proto tcp masquerade to :${FIRST_PORT}-${FIRST_PORT + BLOCK_PORTS - 1} random,fully-random`
      ),
      filter()
    ),
  sequential: () => table(postrouting(sequence()), filter())
}

const MASQUERADE = 'oifname "wan" masquerade'
const RANDOM = 'oifname "wan" masquerade random,fully-random'
/** Without them nobody on its links knows its Ethernet addresses, nor it theirs. */
const NEIGHBOURS = 'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept'
const REFUSE = 'meta l4proto tcp reject with tcp reset'

/** A plain `numgen … offset` counts in the host's byte order, and ports are in the network's. */
function sequence(): string {
  const ports = Array.from({ length: SEQUENCE_PORTS }, (_, n) => `${n} : ${FIRST_PORT + n}`)
  return `oifname "wan" meta l4proto tcp masquerade to :numgen inc mod ${SEQUENCE_PORTS} map { ${ports.join(', ')} }`
}

function table(...chains: string[]): string {
  return `table ip router {\n${chains.join('')}}\n`
}

function prerouting(...rules: string[]): string {
  return nat('prerouting', 'dstnat', rules)
}

function postrouting(...rules: string[]): string {
  return nat('postrouting', 'srcnat', rules)
}

function nat(hook: string, priority: string, rules: string[]): string {
  return `  chain ${hook} {
    type nat hook ${hook} priority ${priority}
${rules.map(line).join('')}  }
`
}

/** Invalid packets must not leave: they would leave untranslated, from a private address. */
function filter(last: { forward?: string; input?: string } = {}): string {
  return `  chain forward {
    type filter hook forward priority filter; policy drop
    ct state invalid drop
    ct state established,related accept
    iifname "lan" accept
${line(last.forward)}  }
  chain input {
    type filter hook input priority filter; policy drop
    ct state established,related accept
${line(last.input)}  }
`
}

function line(rule: string | undefined): string {
  return rule === undefined ? '' : `    ${rule}\n`
}

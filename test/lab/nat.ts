// How each kind of router treats packets, as nftables rulesets. Pure text.
// A router has two interfaces, `lan` and `wan`. Nothing here answers from the inside to the router's own public
// address: no kind does hairpin. Whatever is dropped is dropped before conntrack confirms it, so it leaves no state.

/**
 * - `none`: a public host without a router
 * - `firewall`: a public host behind a router that only lets answers in
 * - `full-cone`: whatever comes to the public address reaches one host behind it
 * - `drop`: keeps the port; lets answers in from where packets were sent to; drops everything else silently
 * - `rst`: as `drop`, but refuses an unsolicited SYN with RST
 * - `symmetric`: as `drop`, but each destination sees another, random port
 */
export type NatKind = 'none' | 'firewall' | 'full-cone' | 'drop' | 'rst' | 'symmetric'

export type RouterKind = Exclude<NatKind, 'none'>

/** @param inside - the address of the host that a full cone gives everything to */
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

/** What an inside port was translated to is over: from now on it is that one, whatever the destination. */
export function renumberRule(port: number, outsidePort: number): string {
  return `insert rule ip router postrouting oifname "wan" tcp sport ${port} masquerade to :${outsidePort}\n`
}

const RULES: Record<RouterKind, (inside: string) => string> = {
  firewall: () => table(filter()),
  'full-cone': (inside) =>
    table(dnat(inside), masquerade('masquerade'), filter({ forward: 'ct status dnat accept' })),
  drop: () => table(masquerade('masquerade'), filter()),
  rst: () =>
    table(masquerade('masquerade'), filter({ input: 'meta l4proto tcp reject with tcp reset' })),
  symmetric: () => table(masquerade('masquerade random,fully-random'), filter())
}

function table(...chains: string[]): string {
  return `table ip router {\n${chains.join('')}}\n`
}

function masquerade(statement: string): string {
  return `  chain postrouting {
    type nat hook postrouting priority srcnat
    oifname "wan" ${statement}
  }
`
}

function dnat(inside: string): string {
  return `  chain prerouting {
    type nat hook prerouting priority dstnat
    iifname "wan" dnat to ${inside}
  }
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

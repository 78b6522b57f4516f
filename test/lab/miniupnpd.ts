// A router's own way of forwarding ports: the real miniupnpd, which speaks PCP, NAT-PMP and UPnP as home routers do.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Machine } from './machine.ts'

const START_TIMEOUT_MS = 10_000
const HTTP_PORT = 5000

export interface MiniupnpdOptions {
  upnp?: boolean
  /** PCP and NAT-PMP. */
  pcp?: boolean
  /** What it says its own address is, whatever that is. */
  externalAddress?: string
}

/** On a router with interfaces `lan` and `wan` and the rules of nat.ts; runs until the machine is gone. */
export async function startMiniupnpd(
  router: Machine,
  { upnp = true, pcp = true, externalAddress }: MiniupnpdOptions = {}
): Promise<void> {
  await router.nft(RULES)
  const file = `/run/miniupnpd-${router.namespace}`
  const lines = [
    'ext_ifname=wan',
    'listening_ip=lan',
    `port=${HTTP_PORT}`,
    `enable_upnp=${yes(upnp)}`,
    `enable_natpmp=${yes(pcp)}`,
    'secure_mode=yes',
    'uuid=7e57ed00-0000-4000-8000-000000000001',
    'upnp_table_name=miniupnpd',
    'upnp_nat_table_name=miniupnpd',
    ...(externalAddress === undefined ? [] : [`ext_ip=${externalAddress}`]),
    'allow 1024-65535 192.168.0.0/16 1024-65535',
    'deny 0-65535 0.0.0.0/0 0-65535',
    ''
  ]
  await router.run('tee', [`${file}.conf`], lines.join('\n'))
  const daemon = router.spawn('miniupnpd', ['-d', '-f', `${file}.conf`, '-P', `${file}.pid`])
  let said = ''
  daemon.stderr?.on('data', (text: Buffer) => (said += text.toString()))
  daemon.stdout?.on('data', (text: Buffer) => (said += text.toString()))
  const giveUpAt = Date.now() + START_TIMEOUT_MS
  while (!(await isListening(router, { upnp, pcp }))) {
    if (daemon.exitCode !== null || Date.now() > giveUpAt) {
      throw new Error(`miniupnpd does not listen: ${said}`)
    }
    await sleep(50)
  }
}

/** The ports that it forwards, as it wrote them into the router's rules: `tcp dport 4001 … dnat … 192.168.1.2`. */
export async function forwardedPorts(router: Machine): Promise<number[]> {
  const rules = await router.run('nft', [
    'list',
    'chain',
    'inet',
    'miniupnpd',
    'prerouting_miniupnpd'
  ])
  return [...rules.matchAll(/dport (\d+) [^\n]*dnat/g)].map(([, port]) => Number(port))
}

async function isListening(
  router: Machine,
  { upnp, pcp }: { upnp: boolean; pcp: boolean }
): Promise<boolean> {
  const sockets = await router.run('ss', ['-lntuH'])
  return (!upnp || sockets.includes(`:${HTTP_PORT} `)) && (!pcp || sockets.includes(':5351 '))
}

const yes = (on: boolean): string => (on ? 'yes' : 'no')

/** The chains that it fills, and what the router itself has to let through for them. */
const RULES = `table inet miniupnpd {
  chain forward {
    type filter hook forward priority filter; policy accept
    jump miniupnpd
  }
  chain miniupnpd {
  }
  chain prerouting {
    type nat hook prerouting priority dstnat
    jump prerouting_miniupnpd
  }
  chain postrouting {
    type nat hook postrouting priority srcnat - 1
    jump postrouting_miniupnpd
  }
  chain prerouting_miniupnpd {
  }
  chain postrouting_miniupnpd {
  }
}
insert rule ip router forward ct status dnat accept
insert rule ip router input iifname "lan" accept
`

// A machine on which peers or relays run, seen by a test: commands, its addresses, and what can go wrong on its way.

import type { ChildProcess, SpawnOptions } from 'node:child_process'
import type { Machine } from './machine.ts'
import { forwardedPorts, startMiniupnpd, type MiniupnpdOptions } from './miniupnpd.ts'
import { dropLargeRules, dropRules, forwardRules, renumberRule } from './nat.ts'
import type { SwitchPort } from './switch/switch.ts'

/** The interface at which a router translates addresses. */
export interface NatSide {
  router: Machine
  ifname: string
  /** `ip` commands that give the interface its address and routes. */
  addressing: string[]
}

export interface Route {
  /** The host's own address. */
  address: string
  /** The address that others far away see; the same as `address` without a NAT. */
  publicAddress: string
  /** The plug of the switch by which everything to and from this host's site goes. */
  uplink: SwitchPort
  nat?: NatSide
}

export class Host {
  readonly name: string
  readonly address: string
  readonly publicAddress: string
  readonly machine: Machine
  readonly #route: Route

  constructor(machine: Machine, route: Route) {
    this.name = machine.name
    this.address = route.address
    this.publicAddress = route.publicAddress
    this.machine = machine
    this.#route = route
  }

  /** Starts a command on this host. Its pid is the command's own, so `kill` reaches the command. */
  spawn(command: string, args: string[] = [], options: SpawnOptions = {}): ChildProcess {
    return this.machine.spawn(command, args, options)
  }

  /** Runs a command on this host and resolves with its stdout; rejects with its stderr when it fails. */
  run(command: string, args: string[] = []): Promise<string> {
    return this.machine.run(command, args)
  }

  /** From now on everything to and from this host's site is lost, silently. */
  cut(): Promise<void> {
    return this.#route.uplink.cut()
  }

  restore(): Promise<void> {
    return this.#route.uplink.restore()
  }

  /** Chance of each packet to be lost at this site's uplink, in each direction. */
  setLoss(lossPercent: number): Promise<void> {
    return this.#route.uplink.setLoss(lossPercent)
  }

  /** One-way delay of this site's uplink. */
  setDelay(delayMs: number): Promise<void> {
    return this.#route.uplink.setDelay(delayMs)
  }

  /**
   * The NAT forgets every mapping it made, as a router that restarts. The kernel drops the mappings of a
   * masquerading address when the address goes, so it goes and comes back; a full cone's inbound ones stay.
   */
  async forgetMappings(): Promise<void> {
    const { router, ifname, addressing } = this.#nat
    await router.ip(`addr flush dev ${ifname}`)
    const forgottenAt = Date.now() + FORGET_WITHIN_MS
    while ((await countMappings(router)) > 0 && Date.now() < forgottenAt);
    await router.ip(...addressing)
  }

  /**
   * As `forgetMappings`, and what this host sends from `port` leaves from `outsidePort` from now on. A NAT that keeps
   * ports would map a flow that goes on as it was mapped before; now the flow's other end gets it from a stranger.
   */
  async renumber(port: number, outsidePort: number): Promise<void> {
    await this.#nat.router.nft(renumberRule(port, outsidePort))
    await this.forgetMappings()
  }

  /** The NAT forgets a TCP mapping on which nothing has passed for so long, and makes one for a SYN only. */
  async keepMappingsFor(seconds: number): Promise<void> {
    const { router } = this.#nat
    await router.run('tee', [`${CONNTRACK}_tcp_timeout_established`], String(seconds))
    await router.run('tee', [`${CONNTRACK}_tcp_loose`], '0')
  }

  /** This host's router drops all packets between here and there, silently; everybody else is reached as before. */
  async dropBetween(there: Host): Promise<void> {
    await this.#nat.router.nft(dropRules(there.publicAddress))
  }

  /** Ends `dropBetween`. */
  async passAgain(): Promise<void> {
    await this.#nat.router.nft('delete table ip cut\n')
  }

  /** This host's router silently drops packets that are longer, in both directions. */
  async dropLongerThan(bytes: number): Promise<void> {
    await this.#nat.router.nft(dropLargeRules(bytes))
  }

  /** Somebody has told this host's router to forward a port to it. */
  async forwardByHand(port: number): Promise<void> {
    await this.#nat.router.nft(forwardRules(this.address, port))
  }

  /** From now on this host's router forwards ports to whoever asks for it. */
  async offerForwards(options: MiniupnpdOptions = {}): Promise<void> {
    await startMiniupnpd(this.#nat.router, options)
  }

  /** The ports that this host's router forwards at present. */
  async forwardedPorts(): Promise<number[]> {
    return forwardedPorts(this.#nat.router)
  }

  get #nat(): NatSide {
    if (this.#route.nat === undefined) throw new Error(`${this.name} is not behind a NAT`)
    return this.#route.nat
  }
}

const CONNTRACK = '/proc/sys/net/netfilter/nf_conntrack'

/** The kernel forgets in the background, within a few milliseconds. */
const FORGET_WITHIN_MS = 500

async function countMappings(router: Machine): Promise<number> {
  return Number(await router.run('cat', [`${CONNTRACK}_count`]))
}

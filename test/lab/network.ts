// A network under construction: machines, a switch between them, wires. Disposing it removes all of it.
// Several can exist at once, in one process or in many.

import { BOX_MARK } from './box.ts'
import { Machine, run } from './machine.ts'
import type { PortOptions } from './switch/fabric.ts'
import { Switch } from './switch/switch.ts'
import type { SwitchPort } from './switch/switch.ts'

let networks = 0

export class Network implements AsyncDisposable {
  readonly #id = `${process.pid}-${++networks}`
  readonly #switch: Switch
  readonly #machines: Machine[] = []
  #taps = 0

  constructor() {
    if (process.env[BOX_MARK] === undefined) {
      throw new Error('networks are built in a box: node test/lab/run.ts -- COMMAND')
    }
    this.#switch = new Switch()
  }

  async machine(name: string): Promise<Machine> {
    const machine = await Machine.create(name, `${this.#id}-${name}`)
    this.#machines.push(machine)
    return machine
  }

  /** Plugs a machine into the switch, as `ifname`; every plug with one segment name is on one Ethernet. */
  async plug(machine: Machine, ifname: string, options: PortOptions): Promise<SwitchPort> {
    const tap = `t${this.#id}-${++this.#taps}`
    const port = await this.#switch.addPort(tap, options)
    await run('ip', ['link', 'set', tap, 'netns', machine.namespace, 'name', ifname])
    await machine.ip(...up(ifname))
    return port
  }

  /** Joins two machines by a wire without delay, one end `ifname` each. */
  async wire(a: Machine, aIfname: string, b: Machine, bIfname: string): Promise<void> {
    const aEnd = [aIfname, 'netns', a.namespace]
    const bEnd = [bIfname, 'netns', b.namespace]
    await run('ip', ['link', 'add', ...aEnd, 'type', 'veth', 'peer', 'name', ...bEnd])
    await Promise.all([a.ip(...up(aIfname)), b.ip(...up(bIfname))])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const machines = this.#machines.splice(0)
    await Promise.all(machines.map((machine) => machine[Symbol.asyncDispose]()))
    await this.#switch[Symbol.asyncDispose]()
  }
}

/** No link-local IPv6 addresses: the lab's addresses are the ones in its drawings. */
function up(ifname: string): string[] {
  return [`link set ${ifname} addrgenmode none`, `link set ${ifname} up`]
}

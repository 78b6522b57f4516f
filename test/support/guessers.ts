// Two peers on loopback of whom one changes ports, as both are told: they guess where to meet.
import type { Multiaddr } from '@multiformats/multiaddr'
import { Guessing } from '../../peer/traversal/guessing.ts'
import type { TransportDial } from '../../peer/traversal/punch.ts'
import type { FindLocalEnd } from '../../shared/transport/local-ends.ts'
import type { NatReport } from '../../shared/wire/nat-report.ts'
import { at, THERE } from './guess-rounds.ts'
import { startPuncher, type Puncher, type PuncherOptions } from './punchers.ts'
import { block, CONE } from './reports.ts'

/** A punch on loopback would not need any guess. */
export const onlyGuesses =
  (own: TransportDial): TransportDial =>
  async (address, options) => {
    if (options.socket === undefined) throw new Error('only guesses get through')
    return own(address, options)
  }

const portOf = (address: Multiaddr): number => Number(address.getComponents()[1]?.value)

interface Known {
  report?: NatReport
  /** Of the other side. */
  proven?: { host: string; port: number }
  port: number
}

/** A peer that knows what is put into `known` later. */
async function guesser(
  relay: Multiaddr,
  known: Known,
  dial: PuncherOptions['dial']
): Promise<Puncher> {
  const nat = {
    prepare: () => undefined,
    doubt: () => undefined,
    report: async () => known.report,
    provenAddress: async () => known.proven
  }
  const localEnd: FindLocalEnd = () => ({ host: '0.0.0.0', port: known.port })
  const puncher = await startPuncher(relay, {
    listen: '/ip4/0.0.0.0/tcp/0',
    ...(dial && { dial }),
    guessing: (own) => new Guessing({ nat, dial: own, localEnd })
  })
  known.port = portOf(puncher.address)
  return puncher
}

/** ann changes ports, ben does not. */
export async function annAndBen(
  relay: Multiaddr,
  dial: PuncherOptions['dial']
): Promise<AsyncDisposable & { ann: Puncher; ben: Puncher }> {
  await using stack = new AsyncDisposableStack()
  const [annKnows, benKnows]: [Known, Known] = [{ port: 0 }, { port: 0 }]
  const ann = stack.use(await guesser(relay, annKnows, dial))
  const ben = stack.use(await guesser(relay, benKnows, dial))
  const [annPort, benPort] = [annKnows.port, benKnows.port]
  Object.assign(annKnows, { report: block(annPort, 3), proven: { host: THERE, port: benPort } })
  Object.assign(benKnows, { report: CONE, proven: { host: '127.0.0.2', port: annPort } })
  ann.own = () => ({ mapped: [at(annPort, '127.0.0.2')], announced: [], listening: [] })
  ben.own = () => ({ mapped: [at(benPort)], announced: [], listening: [] })
  const running = stack.move()
  return { ann, ben, [Symbol.asyncDispose]: async () => running.disposeAsync() }
}

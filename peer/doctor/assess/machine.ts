// What of this machine itself stands in the way: its Node, its folder for state, its ports, its network. (pure)
import type { Finding } from '../finding.ts'
import { nodeVersionProblem } from '../../../shared/node-version.ts'
import type { PortReuse } from '../../../shared/transport/port-reuse.ts'

export function assessNode(version: string): Finding {
  const problem = nodeVersionProblem(version)
  const evidence = { version }
  return problem === undefined
    ? { verdict: 'ok', sentence: `${version} runs everything`, evidence }
    : {
        verdict: 'fail',
        sentence: problem,
        evidence,
        remedies: [{ text: 'Install Node 24.19 or newer.', effect: 'to talk at all' }]
      }
}

/** `problem`: why nothing can be written there. */
export function assessState(folder: string, problem: string | undefined): Finding {
  if (problem === undefined) {
    return {
      verdict: 'ok',
      sentence: `${folder} takes keys and messages`,
      evidence: { folder, writable: true }
    }
  }
  return {
    verdict: 'fail',
    sentence: `nothing can be written to ${folder} (${problem}), where keys and messages are kept`,
    evidence: { folder, writable: false, problem },
    remedies: [
      {
        text: `Make ${folder} writable for you, or set PARLEY_HOME to a folder that is.`,
        effect: 'to talk at all'
      }
    ]
  }
}

export function assessPortReuse(reuse: PortReuse): Finding {
  if (reuse.available) {
    return {
      verdict: 'ok',
      sentence: 'one port can listen and dial here, as a punch needs it',
      evidence: { available: true }
    }
  }
  return {
    verdict: 'warn',
    sentence: reuse.reason,
    evidence: { available: false },
    remedies: [
      {
        text: 'Run Parley on Linux (a container or a virtual machine with the network of its host will do), where it can punch; or have your router forward a port.',
        effect: 'to be direct'
      }
    ]
  }
}

/** An address of this machine's interfaces, loopback and link-local ones apart. */
export interface InterfaceAddress {
  name: string
  address: string
  family: 4 | 6
  isPublic: boolean
}

export function assessNetwork(addresses: readonly InterfaceAddress[]): Finding {
  const evidence = { addresses: addresses.map(({ name, address }) => ({ name, address })) }
  if (addresses.length === 0) {
    return {
      verdict: 'fail',
      sentence: 'this machine has no address but its own loopback: it is in no network',
      evidence,
      remedies: [{ text: 'Connect this machine to a network.', effect: 'to talk at all' }]
    }
  }
  const shown = addresses.slice(0, MAX_SHOWN).map(({ address, name }) => `${address} (${name})`)
  const more = addresses.length > MAX_SHOWN ? ` and ${addresses.length - MAX_SHOWN} more` : ''
  return { verdict: 'ok', sentence: `${shown.join(', ')}${more}`, evidence }
}

const MAX_SHOWN = 3

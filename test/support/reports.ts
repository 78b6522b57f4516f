// What peers tell of their NATs, for tests.
import type { NatReport } from '../../shared/wire/nat-report.ts'

/** Keeps to its port. */
export const CONE: NatReport = {
  mapping: 'endpoint-independent',
  ports: 'preserved',
  filtering: 'unknown',
  seenPorts: [4001],
  hosts: 1,
  sockets: 1_536,
  proofs: []
}

/** Gives every destination another port, any one. */
export const RANDOM: NatReport = {
  ...CONE,
  mapping: 'address-and-port-dependent',
  ports: 'random',
  seenPorts: [40_001, 50_417, 1_952]
}

/** Within so many ports from `low` on. */
export const block = (low: number, count: number): NatReport => ({
  ...RANDOM,
  ports: 'block',
  seenPorts: [low, low + count - 1]
})

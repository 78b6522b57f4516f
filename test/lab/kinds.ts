// Every kind of NAT, as tables and titles call it, in the order in which they are listed: the easiest first. (pure)

import type { NatKind } from './nat.ts'

export const KIND_TITLES: Record<NatKind, string> = {
  none: 'no NAT',
  firewall: 'firewall',
  'full-cone': 'full cone',
  'address-restricted': 'address restricted',
  drop: 'drop',
  rst: 'RST',
  hairpin: 'hairpin',
  double: 'double NAT',
  sequential: 'symmetric sequential',
  block: 'symmetric block',
  symmetric: 'symmetric random',
  'symmetric-rst': 'symmetric RST'
}

export const KINDS = Object.keys(KIND_TITLES).filter(isKind)

export function isKind(text: string): text is NatKind {
  return Object.hasOwn(KIND_TITLES, text)
}

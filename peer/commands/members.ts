// The answers to /peers and /path, in words. (pure)
import { harmless } from '../../shared/harmless.ts'
import type { Member } from '../api.ts'
import { shortPeer } from '../terminal/labels.ts'
import { aligned } from './aligned.ts'

type LabelOf = (peer: string) => string

/** A table with a head; one line when nobody is there. */
export function peersTable(members: readonly Member[], labelOf: LabelOf): string[] {
  if (members.length === 0) return ['nobody else is in the room yet']
  const rows = members.map(({ peer, path, address, undelivered }) => [
    labelOf(peer),
    shortPeer(peer),
    path,
    address ?? '-',
    String(undelivered)
  ])
  return aligned([['name', 'peer', 'path', 'address', 'undelivered'], ...rows])
}

/** One sentence about the way to one member. */
export function pathSentence(member: Member, labelOf: LabelOf): string {
  const { peer, path, address, reason } = member
  const who = labelOf(peer)
  const over = address === undefined ? '' : ` over ${address}`
  if (path === 'direct') return harmless(`path to ${who}: direct${over}`)
  const why = reason ?? 'a direct path is being looked for'
  return harmless(
    path === 'relayed'
      ? `path to ${who}: relayed${over}, not direct because: ${why}`
      : `path to ${who}: none, because: ${reason ?? 'no connection is up yet'}`
  )
}

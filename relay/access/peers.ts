// The peers that an operator names in lists. (pure)
import { peerIdFromString } from '@libp2p/peer-id'
import { UsageError } from '../../shared/errors.ts'

/** Peer ids in the form in which they are compared. Throws a UsageError that names who gave the list. */
export function parsePeers(texts: readonly string[], givenBy: string): string[] {
  return texts.map((text) => {
    try {
      return peerIdFromString(text).toString()
    } catch (cause) {
      throw new UsageError(
        'bad-peer-id',
        `"${text}" of ${givenBy} is no peer id: copy what "parley id" prints at the peer`,
        { cause }
      )
    }
  })
}

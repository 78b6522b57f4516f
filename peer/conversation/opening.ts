// A stream to a peer that is being opened, and how it ends when we leave meanwhile.
import type { KnownPath } from './paths.ts'
import type { Sender } from './session.ts'

export interface Opening {
  path: KnownPath
  controller: AbortController
  sender: Promise<Sender>
  /** For a goodbye and nothing else. */
  isLast: boolean
}

/** Who has seen our HELLO waits for a goodbye as well: what is being opened is opened, within that time. */
export async function openedForGoodbye(
  opening: Opening | undefined,
  limit: AbortSignal
): Promise<Sender | undefined> {
  if (opening === undefined) return undefined
  opening.isLast = true
  const giveUp = (): void => opening.controller.abort(limit.reason)
  limit.addEventListener('abort', giveUp, { once: true })
  return opening.sender.catch(() => undefined)
}

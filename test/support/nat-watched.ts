// A watch over the NAT of a peer whose relays are made up.
import type { NatKind } from '../../peer/nat/nat-kind.ts'
import { startNatWatch, type NatWatch } from '../../peer/nat/nat-watch.ts'
import type { Observer } from '../../peer/nat/survey.ts'
import { EventLog } from './event-log.ts'
import { startBoundNode } from './punchers.ts'

export interface Watched extends AsyncDisposable {
  watch: NatWatch
  /** After every look. */
  kinds: EventLog<NatKind>
}

/** The watch of a peer that such relays have seen; resolves after the first look. */
export async function watchedBy(
  observers: () => Observer[],
  options: { lookAgainMs?: number; keptMs?: number } = {}
): Promise<Watched> {
  await using stack = new AsyncDisposableStack()
  const node = stack.use(await startBoundNode())
  const kinds = new EventLog<NatKind>()
  const init = {
    ...options,
    self: node.node.peerId,
    observers,
    listening: () => [node.address],
    localEnd: node.localEnd,
    onKind: (kind: NatKind) => kinds.note(kind)
  }
  const watch = stack.use(startNatWatch(init, { signal: new AbortController().signal }))
  watch.look()
  await kinds.first(() => true)
  const running = stack.move()
  return { watch, kinds, [Symbol.asyncDispose]: async () => running.disposeAsync() }
}

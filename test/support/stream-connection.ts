// A connection that is nothing but the one stream it opens.
import type { Connection, Stream } from '@libp2p/interface'

/** An error instead of a stream: opening fails with it. */
export function connectionOf(
  stream: Stream | Error,
  onOpen: (...args: unknown[]) => void = () => undefined
): Connection {
  return Object.assign(Object.create(null), {
    newStream: async (...args: unknown[]) => {
      onOpen(...args)
      if (stream instanceof Error) throw stream
      return stream
    }
  })
}

// The answering side of multistream-select, for peers that are no libp2p node.
import type { Stream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'

const MULTISTREAM = '/multistream/1.0.0\n'
const MAX_LINE_BYTES = 1024

/** The protocol that both speak; the others that are proposed are refused. */
export async function agree(
  stream: Stream,
  protocols: readonly string[],
  signal: AbortSignal
): Promise<string> {
  const lines = lpStream(stream, { maxDataLength: MAX_LINE_BYTES })
  for (;;) {
    const line = Buffer.from((await lines.read({ signal })).subarray()).toString()
    const protocol = protocols.find((each) => line === `${each}\n`)
    const known = line === MULTISTREAM || protocol !== undefined
    await lines.write(Buffer.from(known ? line : 'na\n'), { signal })
    if (protocol === undefined) continue
    lines.unwrap()
    return protocol
  }
}

// Whether SQLite's write-ahead log is damaged: SQLite itself takes the first frame that does not fit for the end of
// the log and drops what follows, which after a kill is right and after damage loses what was committed. (pure)
// Source: sqlite.org/fileformat2.html, section 4, "The Write-Ahead Log".

const HEADER_BYTES = 32
const FRAME_HEADER_BYTES = 24
/** The header of the log and that of a frame are covered by the checksum up to here. */
const SUMMED = { header: 24, frame: 8 } as const
/** The last bit says whether the checksums count in big-endian words. */
const MAGIC = 0x377f0682

type Sum = readonly [number, number]

interface Header {
  bigEndian: boolean
  pageBytes: number
  /** How often the log was begun anew: frames of earlier rounds may lie behind those of this one. */
  round: number
  salt: Sum
  sum: Sum
}

/**
 * True when something lies behind the readable part of the log that no interrupted write leaves there. The very last
 * write cannot be told from one that a kill has cut off.
 */
export function isLogDamaged(log: Uint8Array): boolean {
  if (log.byteLength < HEADER_BYTES) return false
  const view = new DataView(log.buffer, log.byteOffset, log.byteLength)
  const header = readHeader(view)
  if (header === undefined) return true
  const frameBytes = FRAME_HEADER_BYTES + header.pageBytes
  const frames = Math.floor((log.byteLength - HEADER_BYTES) / frameBytes)
  const startOf = (frame: number): number => HEADER_BYTES + frame * frameBytes
  let sum: Sum | undefined = header.sum
  let bad = 0
  for (; bad < frames; bad++) {
    sum = nextSum(view, startOf(bad), header, sum)
    if (sum === undefined) break
  }
  for (let frame = bad; frame < frames; frame++) {
    const kind = kindOf(view, startOf(frame), header)
    if (kind === 'foreign' || (kind === 'ours' && frame > bad)) return true
  }
  return false
}

function readHeader(view: DataView): Header | undefined {
  const magic = view.getUint32(0)
  const bigEndian = magic === MAGIC + 1
  if (magic !== MAGIC && !bigEndian) return undefined
  const sum = addUp(view, 0, SUMMED.header, bigEndian, [0, 0])
  if (!equal(sum, pairAt(view, 24))) return undefined
  const pageBytes = view.getUint32(8)
  if (pageBytes < 512 || pageBytes > 65_536 || pageBytes % 8 > 0) return undefined
  return { bigEndian, pageBytes, round: view.getUint32(12), salt: pairAt(view, 16), sum }
}

/** The checksum up to and including this frame; undefined when it is not the one that stands in it. */
function nextSum(view: DataView, at: number, header: Header, before: Sum): Sum | undefined {
  const { bigEndian, pageBytes, salt } = header
  if (!equal(pairAt(view, at + 8), salt)) return undefined
  const head = addUp(view, at, SUMMED.frame, bigEndian, before)
  const sum = addUp(view, at + FRAME_HEADER_BYTES, pageBytes, bigEndian, head)
  return equal(sum, pairAt(view, at + 16)) ? sum : undefined
}

/** The first salt counts the rounds, so that of an earlier one is known without its checksums. */
function kindOf(
  view: DataView,
  at: number,
  { salt, round }: Header
): 'ours' | 'never written' | 'of an earlier round' | 'foreign' {
  const found = pairAt(view, at + 8)
  if (equal(found, salt)) return 'ours'
  if (equal(found, [0, 0])) return 'never written'
  const roundsAgo = (salt[0] - found[0]) >>> 0
  return roundsAgo >= 1 && roundsAgo <= round ? 'of an earlier round' : 'foreign'
}

function addUp(view: DataView, from: number, bytes: number, bigEndian: boolean, start: Sum): Sum {
  let [one, other] = start
  for (let at = from; at < from + bytes; at += 8) {
    one = (one + view.getUint32(at, !bigEndian) + other) >>> 0
    other = (other + view.getUint32(at + 4, !bigEndian) + one) >>> 0
  }
  return [one, other]
}

const pairAt = (view: DataView, at: number): Sum => [view.getUint32(at), view.getUint32(at + 4)]

const equal = (one: Sum, other: Sum): boolean => one[0] === other[0] && one[1] === other[1]

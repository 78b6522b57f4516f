// What became of the lines that one peer said to another: counted, and held against what is promised. (pure)

/** Milliseconds since 1970. */
export interface Span {
  fromMs: number
  toMs: number
}

/** One direction of a scenario, over all runs of both processes. */
export interface Talk {
  /** What was written to the sender's standard input, in that order; no text twice. */
  said: readonly string[]
  /** What the sender told as sent to the receiver. */
  sent: ReadonlyArray<{ id: string; atMs: number }>
  /** How many lines the sender refused, with an error for each. */
  refused: number
  /** How many lines it took up while it saw nobody in the room, and told as sent to nobody. */
  alone: number
  /**
   * In the order of the screen. What the receiver had stored when it was killed and had not printed yet is in its
   * history: it comes behind what the killed run printed, without a time.
   */
  shown: ReadonlyArray<{ id: string; text: string; atMs?: number }>
  /** While one of the two processes did not run: killed and not started again, or stopped. */
  away: readonly Span[]
}

export interface Tally {
  said: number
  /**
   * What the sender told as sent, and what was shown without that: a sender that is killed may have stored a line and
   * not come to tell it. What was written to its standard input and it never took up does not count.
   */
  sent: number
  refused: number
  alone: number
  /** Different lines. */
  shown: number
  lost: number
  /** Lines shown again. */
  doubled: number
  /** Lines shown behind one that was said after them, and lines that nobody said. */
  disordered: number
  /**
   * The longest that the receiver had nothing to show although something was under way to it: from the line before, or
   * from when the next one was told as sent if that was later. Time while one of both did not run is left out.
   */
  longestGapMs: number
}

export function tallyOf({ said, sent, refused, alone, shown, away }: Talk): Tally {
  const told = new Set(sent.map(({ id }) => id))
  const arrived = new Set(shown.map(({ id }) => id))
  return {
    said: said.length,
    sent: told.union(arrived).size,
    refused,
    alone,
    shown: arrived.size,
    lost: told.difference(arrived).size,
    doubled: shown.length - new Set(shown.map(({ text }) => text)).size,
    disordered: countDisordered(said, shown),
    longestGapMs: longestWaitMs(sent, shown, away)
  }
}

/** Both directions as one, for a row of the table. */
export function together(tallies: readonly Tally[]): Tally {
  const sum = (count: (tally: Tally) => number): number =>
    tallies.reduce((total, tally) => total + count(tally), 0)
  return {
    said: sum(({ said }) => said),
    sent: sum(({ sent }) => sent),
    refused: sum(({ refused }) => refused),
    alone: sum(({ alone }) => alone),
    shown: sum(({ shown }) => shown),
    lost: sum(({ lost }) => lost),
    doubled: sum(({ doubled }) => doubled),
    disordered: sum((tally) => tally.disordered),
    longestGapMs: Math.max(0, ...tallies.map((tally) => tally.longestGapMs))
  }
}

export interface Promised {
  maxGapMs: number
  /** Lines may be refused. */
  refuses?: boolean
  /** A peer is away for so long that the other may see it leave: what is said then is said to nobody. */
  leaves?: boolean
  /** A peer is killed: what is on its standard input dies with it. */
  kills?: boolean
}

/** A sentence for each promise that was not kept. */
export function broken(tally: Tally, promised: Promised): string[] {
  const { said, sent, refused, alone, shown, lost, doubled, longestGapMs } = tally
  const { maxGapMs, refuses = false, leaves = false, kills = false } = promised
  const taken = sent + refused + alone
  const sentences: Array<[boolean, string]> = [
    [sent === 0, 'nothing was sent'],
    [!kills && taken !== said, `${said} lines were said, and ${taken} came to anything`],
    [!refuses && refused > 0, `${refused} lines were refused`],
    [!leaves && alone > 0, `${alone} lines were sent to nobody`],
    [shown !== sent, `${sent} lines were sent and ${shown} shown`],
    [lost > 0, `${lost} lines were lost`],
    [doubled > 0, `${doubled} lines were shown again`],
    [tally.disordered > 0, `${tally.disordered} lines were out of order`],
    [longestGapMs > maxGapMs, `for ${longestGapMs} ms nothing came, ${maxGapMs} ms are allowed`]
  ]
  return sentences.flatMap(([isBroken, sentence]) => (isBroken ? [sentence] : []))
}

function countDisordered(said: Talk['said'], shown: Talk['shown']): number {
  const places = new Map(said.map((text, place) => [text, place]))
  const seen = new Set<string>()
  let last = -1
  let count = 0
  for (const { text } of shown) {
    const place = places.get(text) ?? -1
    if (place < last || place === -1) count += seen.has(text) ? 0 : 1
    last = Math.max(last, place)
    seen.add(text)
  }
  return count
}

function longestWaitMs(sent: Talk['sent'], shown: Talk['shown'], away: Talk['away']): number {
  const sentAtMs = new Map(sent.map(({ id, atMs }) => [id, atMs]))
  let longestMs = 0
  let lastMs = 0
  for (const { id, atMs } of shown) {
    if (atMs === undefined) continue
    const fromMs = Math.max(lastMs, sentAtMs.get(id) ?? lastMs)
    if (fromMs > 0) longestMs = Math.max(longestMs, lengthWithout(away, { fromMs, toMs: atMs }))
    lastMs = atMs
  }
  return longestMs
}

/** The spans to leave out do not overlap. */
function lengthWithout(away: readonly Span[], { fromMs, toMs }: Span): number {
  const left = away.map((span) =>
    Math.max(0, Math.min(span.toMs, toMs) - Math.max(span.fromMs, fromMs))
  )
  return Math.max(0, toMs - fromMs - left.reduce((sum, ms) => sum + ms, 0))
}

// Makes text that others wrote safe to print: nothing in it can move the cursor, hide, reorder or forge lines. (pure)

/** C0 and C1 controls, and what Unicode calls line and paragraph separators. */
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}]/gv

/** What shows as nothing or reorders the line, and lone surrogates; joiners and emoji selectors may stay. */
const INVISIBLE =
  /(?!\u200C|\u200D|\uFE0E|\uFE0F)[\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\p{Cs}\uFFF9-\uFFFB]/gv

/** Combining marks beyond this many on one character only paint over the lines around it. */
const STACKED_MARKS = /(\p{M}{4})\p{M}+/gv

const controlPicture = (control: string): string => {
  const code = control.codePointAt(0) ?? 0
  if (code === 0x7f) return '␡'
  return code < 0x20 ? String.fromCodePoint(0x2400 + code) : '�'
}

/** One line: controls as control pictures (`␛`, `␊`), a tab as a space, invisible characters as `�`. */
export function harmless(text: string): string {
  return text
    .replaceAll('\t', ' ')
    .replace(CONTROLS, controlPicture)
    .replace(INVISIBLE, '�')
    .replace(STACKED_MARKS, '$1')
}

const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/v

/** What ends a name (`bob: hello`), sets a peer id off from it (`bob (…dWrfUW8T)`), and what looks like those. */
const MARKS_OF_OURS: Array<[RegExp, string]> = [
  [/[:：﹕︓∶꞉ː˸։׃፡⁚]/gv, '·'],
  [/\.{2,}|[…‥⋯᠁]/gv, '·'],
  [/[\(（﹙⁽₍❨❪⟮⦅｟⸨]/gv, '['],
  [/[\)）﹚⁾₎❩❫⟯⦆｠⸩]/gv, ']'],
  // Braille's blank is a symbol that shows as a space.
  [/[\s\u2800]+/gv, ' ']
]

const JOINERS = /\u200C|\u200D|\uFE0E|\uFE0F/gv
const EMOJI = /^\p{RGI_Emoji}$/v

/**
 * Like `harmless`, trimmed, at most `maxBytes` of UTF-8, and without what is put around names: the `:` that ends one,
 * the brackets and the ellipsis of a peer id. Joiners stay in emoji only: elsewhere they make two names look alike.
 * Empty when nothing of it can be seen.
 */
export function harmlessName(name: string, maxBytes: number): string {
  let oneLine = harmless(name)
  for (const [mark, lookAlike] of MARKS_OF_OURS) oneLine = oneLine.replaceAll(mark, lookAlike)
  let kept = ''
  let bytes = 0
  for (const { segment } of new Intl.Segmenter().segment(oneLine.trim())) {
    const shown = EMOJI.test(segment) ? segment : segment.replaceAll(JOINERS, '')
    bytes += Buffer.byteLength(shown)
    if (bytes > maxBytes) break
    kept += shown
  }
  return VISIBLE.test(kept) ? kept.trim() : ''
}

/** Equal for names that people take for the same: whatever their case, their form and what in them shows as nothing. */
export const foldedName = (name: string): string =>
  name
    .normalize('NFKC')
    .replaceAll(/\p{Default_Ignorable_Code_Point}/gv, '')
    .toLowerCase()

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

/**
 * Like `harmless`, trimmed, at most `maxBytes` of UTF-8, and without the `:` that ends a name in `bob: hello`.
 * Empty when nothing of it can be seen.
 */
export function harmlessName(name: string, maxBytes: number): string {
  const oneLine = harmless(name).replaceAll(':', '·').replaceAll(/\s+/gv, ' ').trim()
  let kept = ''
  let bytes = 0
  for (const { segment } of new Intl.Segmenter().segment(oneLine)) {
    bytes += Buffer.byteLength(segment)
    if (bytes > maxBytes) break
    kept += segment
  }
  return VISIBLE.test(kept) ? kept.trim() : ''
}

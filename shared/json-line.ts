// A value as one line of JSON that is safe to look at: the same value for whoever parses it, and nothing in it that a
// terminal obeys. (pure)

/** JSON itself escapes C0 only: C1 controls are commands to some terminals, and these break or reorder lines. */
const OBEYED = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gv

/** No newline at the end. */
export const jsonLine = (value: object): string => JSON.stringify(value).replace(OBEYED, escaped)

const escaped = (control: string): string =>
  `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`

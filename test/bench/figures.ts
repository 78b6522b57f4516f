// Lines of figures for people: least, median and greatest of some milliseconds. (pure)

import { median } from '../lab/stories/measures.ts'

/** `label   min 301   median 322   max 398 ms   n 10`; says so when there is nothing. */
export function figureLine(label: string, values: ReadonlyArray<number | undefined>): string {
  const known = values.filter((value) => value !== undefined)
  const name = label.padEnd(LABEL_WIDTH)
  if (known.length === 0) return `${name} none of ${values.length} runs`
  const figures = [
    `min ${number(Math.min(...known))}`,
    `median ${number(median(known) ?? NaN)}`,
    `max ${number(Math.max(...known))} ms`
  ]
  return `${name} ${figures.join('   ')}   n ${known.length} of ${values.length}`
}

const LABEL_WIDTH = 62

function number(value: number): string {
  return Math.round(value).toString().padStart(5)
}

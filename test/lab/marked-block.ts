// A place in a file for what a program writes: between `<!-- NAME:begin -->` and `<!-- NAME:end -->`.

import { readFileSync, writeFileSync } from 'node:fs'

/** The text with the block between its marks; undefined when it does not have them. */
export function withBlock(text: string, name: string, block: string): string | undefined {
  const mark = `<!-- ${name}:begin -->`
  const begin = text.indexOf(mark)
  const end = text.indexOf(`<!-- ${name}:end -->`, begin)
  if (begin === -1 || end === -1) return undefined
  return `${text.slice(0, begin + mark.length)}\n${block}\n${text.slice(end)}`
}

/** A sentence when the file has no place for the block: ask before hours are spent on its content. */
export function noPlaceFor(name: string, file: string): string | undefined {
  if (withBlock(readFileSync(file, 'utf8'), name, '') !== undefined) return undefined
  return `${file} has no place for the table: it lacks the marks ${name}:begin and ${name}:end`
}

export function writeBlock(file: string, name: string, block: string): void {
  const whole = withBlock(readFileSync(file, 'utf8'), name, block)
  if (whole === undefined) throw new Error(noPlaceFor(name, file))
  writeFileSync(file, whole)
}

// The Dockerfile as a test reads it: its instructions, without building anything.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './program.ts'

export const IMAGE = instructions(readFileSync(join(ROOT, 'Dockerfile'), 'utf8'))

/** Instruction and arguments, with continued lines joined. */
function instructions(text: string): Array<[string, string]> {
  const lines = text.replaceAll(/\\\n\s*/g, ' ').split('\n')
  return lines.flatMap((line): Array<[string, string]> => {
    const [, name, rest] = /^([A-Z]+) +(.*)$/.exec(line) ?? []
    return name === undefined || rest === undefined ? [] : [[name, rest]]
  })
}

/** The arguments of an instruction where it stands last, and counts. */
export function last(name: string): string {
  return IMAGE.findLast(([other]) => other === name)?.[1] ?? assert.fail(`no ${name}`)
}

/** The exec form, `["node", …]`, at the end of an instruction. */
export function execForm(name: string): string[] {
  const words: string[] = JSON.parse(/\[.*\]$/.exec(last(name))?.[0] ?? '[]')
  return words
}

/** What `ENV` sets. */
export function variableInImage(name: string): string {
  const found = new RegExp(`(?:^| )${name}=(\\S+)`).exec(last('ENV'))
  return found?.[1] ?? assert.fail(`the image does not set ${name}`)
}

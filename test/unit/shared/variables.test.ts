// Environment variables that look like ours and are not.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { unknownVariables, VARIABLES } from '../../../shared/variables.ts'

const ROOT = join(import.meta.dirname, '../../..')

/** Names that stand in these files, as in `PARLEY_NAME` and never `PARLEY_*`. */
function namedIn(...patterns: string[]): Set<string> {
  const files = patterns.flatMap((pattern) => globSync(pattern, { cwd: ROOT }))
  const texts = files.map((file) => readFileSync(join(ROOT, file), 'utf8'))
  return new Set(texts.flatMap((text) => text.match(/\bPARLEY_[A-Z][A-Z_]*/g) ?? []))
}

const is = 'the environment variable'
const nothing = 'is not known and does nothing'

describe('the environment variables', () => {
  it('are those that the programs declare', () => {
    const declared = namedIn('{peer,relay,shared}/**/*.ts')
    assert.deepEqual(new Set(VARIABLES), declared)
  })

  it('are all that Docker, systemd, launchers and the documents name', () => {
    const files = [
      'Dockerfile',
      'docker-compose.yml',
      '*.md',
      '{relay,peer,shared}/**/*.{js,service}'
    ]
    const named = namedIn(...files)
    assert.ok(named.has('PARLEY_HOME'))
    const env = Object.fromEntries([...named].map((name) => [name, '1']))
    assert.deepEqual(unknownVariables(env), [])
  })

  const SAID: Array<[variable: string, said: string[]]> = [
    ['PARLEY_LIMITS', [`${is} PARLEY_LIMITS ${nothing}: did you mean PARLEY_LIMIT?`]],
    ['PARLEY_ALOW_ROOM', [`${is} PARLEY_ALOW_ROOM ${nothing}: did you mean PARLEY_ALLOW_ROOM?`]],
    ['PARLEY_LOG_LVEL', [`${is} PARLEY_LOG_LVEL ${nothing}`]],
    ['PARLEY_SERVICE_HOST', [`${is} PARLEY_SERVICE_HOST ${nothing}`]],
    ['PARLEY_LIMIT', []],
    ['PARLEY_TEST_ANYTHING', []],
    ['PARLEYS', []]
  ]
  for (const [variable, said] of SAID) {
    it(`${said.length === 0 ? 'say nothing of' : 'are told from'} ${variable}`, () => {
      assert.deepEqual(unknownVariables({ [variable]: 'secret' }), said)
    })
  }

  it('say nothing of what is empty, which is as good as not set', () => {
    assert.deepEqual(unknownVariables({ PARLEY_LIMITS: ' ', PARLEY_RELAYS: undefined }), [])
  })
})

// Where secrets come from: option over environment over file, and never two variables at once.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { resolveConfig, type Given } from '../../../shared/config.ts'
import { SECRET_FILE_OPTION, withSecretVariable } from '../../../shared/secret-option.ts'

const COMMAND = {
  command: 'parley test',
  summary: 'Tests.',
  options: { 'secret-file': { ...SECRET_FILE_OPTION, help: 'where' } }
} as const

function origin(argv: string[], env: Record<string, string>, inFile?: string): string[] {
  const file = (): Given | undefined =>
    inFile === undefined ? undefined : { value: inFile, by: 'yaml' }
  const resolved = resolveConfig(COMMAND, { argv, env, version: '0', file })
  assert.ok(resolved.kind === 'run')
  const { values, givenBy, from } = withSecretVariable(resolved, env)
  return [values['secret-file'] ?? '', givenBy['secret-file'], from['secret-file']]
}

const SECRET = { PARLEY_SECRET: 'x' }
const FILE = { PARLEY_SECRET_FILE: '/env' }

describe('the place of the secrets', () => {
  it('is the option before the variables, and those before the file', () => {
    const option = ['--secret-file', '/option']
    assert.deepEqual(origin(option, { ...SECRET, ...FILE }, '/file'), [
      '/option',
      '--secret-file',
      'option'
    ])
    assert.deepEqual(origin([], SECRET, '/file'), ['', 'PARLEY_SECRET', 'environment'])
    assert.deepEqual(origin([], FILE, '/file'), ['/env', 'PARLEY_SECRET_FILE', 'environment'])
    assert.deepEqual(origin([], {}, '/file'), ['/file', 'yaml', 'file'])
    assert.deepEqual(origin([], {}), ['', '--secret-file', 'default'])
  })

  it('is not a variable with nothing in it, which is how compose files pass one on that is not set', () => {
    assert.deepEqual(origin([], { PARLEY_SECRET: ' \n' }, '/file'), ['/file', 'yaml', 'file'])
  })

  it('is not two variables at once', () => {
    assert.throws(() => origin([], { ...SECRET, ...FILE }), {
      name: 'UsageError',
      message: 'PARLEY_SECRET and PARLEY_SECRET_FILE are both set: unset one of them'
    })
  })
})

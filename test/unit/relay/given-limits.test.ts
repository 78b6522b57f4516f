// Limits by option, variable and file: which one is in force, and which texts are refused.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { givenLimits, type FileLimits } from '../../../relay/given-limits.ts'
import { RELAY_COMMAND } from '../../../relay/options.ts'
import { resolveConfig } from '../../../shared/config.ts'

function given(argv: string[], env: Record<string, string> = {}, inFile?: FileLimits) {
  const resolved = resolveConfig(RELAY_COMMAND, { argv, env, version: '0' })
  assert.ok(resolved.kind === 'run')
  return Object.fromEntries(givenLimits(resolved, env, inFile))
}

describe('limits that are given', () => {
  it('add up: an option overrules the variable and that the file, limit by limit', () => {
    const file: FileLimits = new Map([
      ['circuits', { value: 1, by: 'line 1' }],
      ['reservations', { value: 1, by: 'line 2' }],
      ['connections', { value: 1, by: 'line 3' }]
    ])
    const env = { PARLEY_LIMIT: 'circuits=2, reservations = 2' }
    const argv = ['--limit', 'circuits=3', '--limit=hop-seconds=4']
    assert.deepEqual(given(argv, env, file), {
      circuits: { value: 3, by: '--limit', origin: 'option' },
      reservations: { value: 2, by: 'PARLEY_LIMIT', origin: 'environment' },
      connections: { value: 1, by: 'line 3', origin: 'file' },
      'hop-seconds': { value: 4, by: '--limit', origin: 'option' }
    })
    assert.deepEqual(given([]), {})
  })

  const mistakes: Record<string, [text: string, message: RegExp]> = {
    'no value': ['circuits', /"circuits" of --limit is not NAME=VALUE, for example circuits=512$/],
    'no name': ['=5', /is not NAME=VALUE/],
    'a name with a slip in it': [
      'circuit=5',
      /"circuit" of --limit is not known: did you mean "ci/
    ],
    'a name of nothing': ['toString=5', /"toString" of --limit is not known: see --check-config$/],
    'a value below the range': ['connections=0', /from 1 to 1000000, and is "0"$/],
    'a value above the range': ['circuits-per-peer=201', /from 0 to 200, and is "201"$/],
    'half a circuit': ['circuits=1.5', /whole number .*"1\.5"$/],
    'a negative number': ['circuits=-1', /"-1"$/],
    'a hexadecimal number': ['circuits=0x10', /"0x10"$/],
    'an empty value': ['circuits=', /and is ""$/],
    'a unit': [
      'circuit-bytes=1MiB',
      /"circuit-bytes" of --limit has to be a whole number from 1024/
    ]
  }
  for (const [what, [text, message]] of Object.entries(mistakes)) {
    it(`are refused with ${what}, by the option that has it`, () => {
      assert.throws(() => given(['--limit', text]), { name: 'UsageError', exitCode: 2, message })
    })
  }

  it('are refused when one place gives one of them twice, or a variable is wrong that an option overrules', () => {
    const twice = ['--limit', 'circuits=1', '--limit', 'circuits=1']
    assert.throws(() => given(twice), { message: /"circuits" of --limit stands there twice/ })
    const env = { PARLEY_LIMIT: 'circuits=many' }
    assert.throws(() => given(['--limit', 'circuits=1'], env), { message: /of PARLEY_LIMIT has/ })
  })
})

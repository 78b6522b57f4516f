// The configuration file: what is taken from it, and the sentence for each way to get it wrong.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseConfigFile } from '../../../../relay/config-file/parse.ts'
import { configTemplate } from '../../../../relay/config-file/template.ts'
import { relaySettings } from '../../../../relay/config.ts'
import { givenLimits } from '../../../../relay/given-limits.ts'
import { RELAY_COMMAND } from '../../../../relay/options.ts'
import { LIMIT_NAMES, LIMITS } from '../../../../relay/limits.ts'
import { resolveConfig } from '../../../../shared/config.ts'

const parse = (text: string) => parseConfigFile(text, 'relay.yaml', RELAY_COMMAND.options)

function problems(text: string): string[] {
  const parsed = parse(text)
  for (const problem of parsed.problems) assert.doesNotMatch(problem, /\n/)
  return parsed.problems
}

const place = { env: { HOME: '/home/op' }, platform: 'linux' }

describe('a configuration file', () => {
  it('gives options and limits, each with the line that it stands on', () => {
    const { options, limits, ...rest } = parse(
      '# mine\nlisten: [/ip4/1.2.3.4/tcp/5]\njson: true\n\ndrain: 3\nlimits:\n  circuits: 7\n'
    )
    assert.deepEqual(rest.problems, [])
    assert.deepEqual(Object.fromEntries(options), {
      listen: { value: ['/ip4/1.2.3.4/tcp/5'], by: '"listen" in relay.yaml, line 2,' },
      json: { value: true, by: '"json" in relay.yaml, line 3,' },
      drain: { value: 3, by: '"drain" in relay.yaml, line 5,' }
    })
    assert.deepEqual(Object.fromEntries(limits), {
      circuits: { value: 7, by: '"limits.circuits" in relay.yaml, line 7,' }
    })
  })

  it('may be empty, have an empty section, or one address instead of a list', () => {
    assert.deepEqual(problems(''), [])
    assert.deepEqual(problems('# nothing yet\n'), [])
    assert.deepEqual(problems('limits:\n  # none\n'), [])
    const { options } = parse('announce: /dns4/relay.example/tcp/1')
    assert.deepEqual(options.get('announce')?.value, ['/dns4/relay.example/tcp/1'])
  })

  const mistakes: Record<string, [text: string, problem: RegExp]> = {
    'an unknown key': ['json: true\nlisen: []\n', /"lisen" in relay.yaml, line 2, .*"listen"\?$/],
    'an unknown key like no other': [
      'colour: red',
      /"colour" in .*line 1, is not known: remove it/
    ],
    'an unknown limit': [
      'limits:\n  circuit: 1',
      /"limits.circuit" .*line 2.*did you mean "circuits/
    ],
    'a secret where only the file of secrets may be': [
      'secret: hunter2hunter2hunter2',
      /"secret" in relay.yaml, line 1, is not known: did you mean "secret-file"\?$/
    ],
    'an option that only the command line has': ['init: true', /"init" .*line 1, is not known/],
    'a key that stands there twice': [
      'json: true\njson: false',
      /"json" .*line 2, stands there twice/
    ],
    'a limit that stands there twice': [
      'limits:\n  circuits: 1\n  circuits: 2',
      /"limits.circuits" .*line 3, stands there twice/
    ],
    'text for a flag': ['json: "yes"', /"json" .*true or false, and is the text "yes"/],
    'a number for a text': ['identity: 5', /"identity" .*has to be a FILE, and is 5/],
    'text for a number': ['drain: soon', /"drain" .*whole number from 0 to \d+.*text "soon"/],
    'half a circuit': ['limits:\n  circuits: 1.5', /whole number from 0 to 1000000, and is 1.5/],
    'a number in quotes': ['limits:\n  circuits: "1"', /line 2, .*and is the text "1"/],
    'a number below the range': ['limits:\n  connections: 0', /from 1 to 1000000, and is 0/],
    'a number above the range': [
      'limits:\n  circuits-per-peer: 1000',
      /from 0 to 200, and is 1000/
    ],
    'an infinite limit': ['limits:\n  circuits: .inf', /whole number .*Infinity/],
    'a list in a list': ['listen: [[a]]', /"listen" .*list of MULTIADDR, and has a list in it/],
    'a key without a value': ['listen:\njson: true', /"listen" .*line 1.*has nothing in it/],
    'a list of limits': ['limits: [1]', /line 1: "limits" has to be lines of "key: value"/],
    'a file that is a list': ['- json', /line 1: the file has to be lines of "key: value"/],
    'a file that is a sentence': ['hello', /the file has to be lines/],
    'an alias': ['json: &a true\nverbose: *a', /"verbose" .*an alias, which is not supported/],
    'something that is no YAML': ['json: true\nlisten: [', /relay.yaml, line \d+, is no YAML/],
    'two documents': ['json: true\n---\njson: false', /line 2, is no YAML/],
    'a tab for an indentation': ['limits:\n\tcircuits: 1', /line 2, is no YAML/],
    'a tag of somebody else': ['json: !!js/function "x"', /line 1, is no YAML/]
  }
  for (const [what, [text, expected]] of Object.entries(mistakes)) {
    it(`is refused for ${what}`, () => {
      const [first = ''] = problems(text)
      assert.match(first, expected)
    })
  }

  it('is told about every mistake at once', () => {
    assert.equal(problems('lisen: 1\njson: 2\nlimits:\n  circuits: x\n  nothing: 1').length, 4)
  })

  it('is named with key and line for a value that no text or number gives away', () => {
    const { options } = parse(`json: true\nallow-room: [kitchen, ${'x'.repeat(256)}]\n`)
    const file = (name: string) => options.get(name)
    const filled = resolveConfig(RELAY_COMMAND, { argv: [], env: place.env, version: '1', file })
    assert.ok(filled.kind === 'run')
    assert.throws(() => relaySettings(filled, place), {
      message: /^the room name of "allow-room" in relay\.yaml, line 2, is 256 bytes long /
    })
  })

  it('does not take keys of every object for keys of its own', () => {
    assert.equal(problems('constructor: 1\n__proto__: 2\nlimits:\n  toString: 3').length, 3)
  })

  it('does not grow from a billion laughs', () => {
    const lol = 'a: &a [x]\nb: &b [*a,*a,*a]\nc: &c [*b,*b,*b]\nlisten: *c'
    assert.equal(problems(lol).length, 4)
  })
})

describe('the file that --init writes', () => {
  const text = configTemplate(RELAY_COMMAND.options)

  it('is read without a complaint, and is what is in force without it', () => {
    const parsed = parse(text)
    assert.deepEqual(parsed.problems, [])
    const env = place.env
    const surroundings = { argv: [], env, version: '1' }
    const bare = resolveConfig(RELAY_COMMAND, surroundings)
    const file = (name: string) => parsed.options.get(name)
    const filled = resolveConfig(RELAY_COMMAND, { ...surroundings, file })
    assert.ok(bare.kind === 'run' && filled.kind === 'run')
    const { limits } = parsed
    const given = { limits: givenLimits(filled, place.env, limits) }
    assert.deepEqual(relaySettings(filled, place, given), relaySettings(bare, place))
  })

  it('names every option, its variable and every limit, with the reason above it', () => {
    for (const [name, spec] of Object.entries(RELAY_COMMAND.options)) {
      const inFile = !('inFile' in spec)
      assert.equal(new RegExp(`^(?:# )?${name}:`, 'm').test(text), inFile, name)
      if (inFile && 'env' in spec) assert.ok(text.includes(`(${spec.env})`), spec.env)
    }
    const flat = text.replaceAll(/\n *# /g, ' ')
    for (const name of LIMIT_NAMES) {
      assert.match(text, new RegExp(`\\n  ${name}: ${LIMITS[name].default}\\b`))
      assert.ok(flat.includes(LIMITS[name].why), name)
    }
  })

  it('fits on a screen in width', () => {
    for (const line of text.split('\n')) assert.ok(line.length <= 100, line)
  })
})

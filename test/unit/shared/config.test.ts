// Options: which value wins, and what is said when one is wrong.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { resolveConfig, type CommandSpec } from '../../../shared/config.ts'
import { UsageError } from '../../../shared/errors.ts'

const COMMAND = {
  command: 'parley chat',
  summary: 'Talks.',
  options: {
    room: {
      type: 'string',
      positional: true,
      placeholder: 'ROOM',
      env: 'PARLEY_ROOM',
      default: 'lobby',
      help: 'where to meet'
    },
    relay: {
      type: 'string',
      multiple: true,
      placeholder: 'MULTIADDR',
      env: 'PARLEY_RELAY',
      help: 'whom to ask'
    },
    name: { type: 'string', placeholder: 'NAME', env: 'PARLEY_NAME', help: 'who you are' },
    'relayed-only': { type: 'boolean', env: 'PARLEY_RELAYED_ONLY', help: 'stay on the relay' }
  }
} as const satisfies CommandSpec

const resolve = (argv: string[], env: Record<string, string> = {}) =>
  resolveConfig(COMMAND, { argv, env, version: '1.2.3' })

function run(argv: string[], env: Record<string, string> = {}) {
  const resolved = resolve(argv, env)
  assert.equal(resolved.kind, 'run')
  return resolved
}

function complaint(argv: string[], env: Record<string, string> = {}): string {
  try {
    resolve(argv, env)
  } catch (error) {
    assert.ok(error instanceof UsageError)
    assert.equal(error.exitCode, 2)
    assert.doesNotMatch(error.message, /\n|\. /, 'one sentence')
    return error.message
  }
  return assert.fail(`accepted ${argv.join(' ')}`)
}

describe('the value of an option', () => {
  it('is the default when nobody says anything', () => {
    assert.deepEqual(run([]).values, {
      room: 'lobby',
      relay: [],
      name: undefined,
      'relayed-only': false
    })
  })

  it('comes from the environment before the default, and from the command line before both', () => {
    const env = {
      PARLEY_ROOM: 'hall',
      PARLEY_RELAY: '/a, /b ,,',
      PARLEY_NAME: 'ann',
      PARLEY_RELAYED_ONLY: 'yes'
    }
    assert.deepEqual(run([], env).values, {
      room: 'hall',
      relay: ['/a', '/b'],
      name: 'ann',
      'relayed-only': true
    })
    const argv = ['kitchen', '--relay', '/c', '--relay=/d', '--name', 'bob', '--no-relayed-only']
    assert.deepEqual(run(argv, env).values, {
      room: 'kitchen',
      relay: ['/c', '/d'],
      name: 'bob',
      'relayed-only': false
    })
  })

  it('is told together with where it came from', () => {
    const { givenBy } = run(['--name=bob'], { PARLEY_RELAY: '/a' })
    assert.deepEqual(givenBy, {
      room: 'the default of --room',
      relay: 'PARLEY_RELAY',
      name: '--name',
      'relayed-only': 'the default of --relayed-only'
    })
  })

  it('is not taken from an empty variable', () => {
    const env = { PARLEY_ROOM: ' ', PARLEY_RELAY: ',', PARLEY_NAME: '', PARLEY_RELAYED_ONLY: '' }
    assert.deepEqual(run([], env).values, run([]).values)
  })

  it('is the last one when an option that takes one is repeated', () => {
    assert.equal(run(['--name', 'a', '--name', 'b']).values.name, 'b')
  })

  it('may be anything after --, and may start with a dash after =', () => {
    assert.equal(run(['--', '--name']).values.room, '--name')
    assert.equal(run(['--name=-x']).values.name, '-x')
  })

  it('is not shared between two runs when it is a list', () => {
    run([]).values.relay.push('/x')
    assert.deepEqual(run([]).values.relay, [])
  })
})

describe('a wrong option', () => {
  it('is named, with the one that was probably meant', () => {
    assert.equal(
      complaint(['--relya', '/a']),
      'parley chat has no option --relya: did you mean --relay?'
    )
    assert.match(complaint(['--nam=bob']), /no option --nam: did you mean --name\?/)
    assert.match(complaint(['-name']), /no option -name: did you mean --name\?/)
    assert.match(complaint(['-x']), /no option -x: run "parley chat --help"/)
  })

  it('is not mistaken for something that every object has', () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'no-relay', 'no-', 'room']) {
      assert.match(complaint([`--${name}`]), new RegExp(`has no option --${name}`))
    }
  })

  it('is named when its value is missing or looks like the next option', () => {
    assert.equal(complaint(['--name']), '--name needs a value: --name NAME')
    assert.equal(complaint(['--name=']), '--name needs a value: --name NAME')
    assert.match(
      complaint(['--name', '--relayed-only']),
      /^--name needs a value.*--name=--relayed-only/
    )
  })

  it('is named when it is a switch and gets a value', () => {
    assert.match(complaint(['--relayed-only=yes']), /^--relayed-only takes no value/)
    assert.match(complaint(['--no-relayed-only=yes']), /^--no-relayed-only takes no value/)
  })

  it('is named when it is a variable that is neither on nor off', () => {
    assert.match(
      complaint([], { PARLEY_RELAYED_ONLY: 'maybe' }),
      /^the environment variable PARLEY_RELAYED_ONLY is "maybe"/
    )
  })

  it('is an argument too many', () => {
    assert.match(complaint(['kitchen', 'hall']), /does not know what to do with "hall"/)
  })
})

describe('--help and --version', () => {
  it('print instead of running, whatever else is asked for', () => {
    assert.deepEqual(resolve(['kitchen', '--version']), { kind: 'print', text: '1.2.3\n' })
    for (const ask of ['--help', '-h']) {
      const help = resolve(['--name', 'bob', ask], { PARLEY_RELAYED_ONLY: 'maybe' })
      assert.equal(help.kind, 'print')
    }
  })
})

describe('a number', () => {
  const COUNTING = {
    command: 'count',
    summary: 'Counts.',
    options: {
      from: {
        type: 'number',
        placeholder: 'NUMBER',
        env: 'COUNT_FROM',
        default: 1,
        min: 0,
        max: 9,
        help: 'where to begin'
      }
    }
  } as const satisfies CommandSpec

  const count = (argv: string[], env: Record<string, string> = {}, inFile?: number) => {
    const file = () => (inFile === undefined ? undefined : { value: inFile, by: 'the file' })
    const resolved = resolveConfig(COUNTING, { argv, env, version: '1', file })
    assert.ok(resolved.kind === 'run')
    return [resolved.values.from, resolved.from.from, resolved.givenBy.from]
  }

  it('comes from the option, else the environment, else the file, else its default', () => {
    const env = { COUNT_FROM: '3' }
    assert.deepEqual(count(['--from', '2'], env, 4), [2, 'option', '--from'])
    assert.deepEqual(count([], env, 4), [3, 'environment', 'COUNT_FROM'])
    assert.deepEqual(count([], {}, 4), [4, 'file', 'the file'])
    assert.deepEqual(count([]), [1, 'default', 'the default of --from'])
  })

  it('is whole and within its range', () => {
    for (const wrong of ['10', '1.0', '1e0', 'one', '+1']) {
      assert.throws(() => count(['--from', wrong]), {
        name: 'UsageError',
        message: `--from is "${wrong}": it takes a whole number from 0 to 9`
      })
    }
  })
})

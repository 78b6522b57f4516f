// The rules of the layout, checked on every source file; and each rule on a planted violation, so that it can fail.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import {
  everyFolderHasFiles,
  importsOf,
  importsPointTheRightWay,
  leavesOutWithReason,
  mainIsShort,
  namesSayWhat,
  onlyMainTouchesProcess,
  onlyTerminalTouchesTerminal,
  opensWithComment,
  pureImportsPure,
  pureMeansPure,
  type Rule,
  type Source
} from './support/architecture.ts'

const ROOT = join(import.meta.dirname, '..')
const FOLDERS = ['relay', 'peer', 'shared', 'test']
const SOURCES: Source[] = globSync(`{${FOLDERS.join(',')}}/**/*.{ts,js}`, { cwd: ROOT })
  .toSorted()
  .map((path) => ({
    path: path.replaceAll('\\', '/'),
    text: readFileSync(join(ROOT, path), 'utf8')
  }))

interface RuleCase {
  rule: Rule
  /** Each must be complained about. */
  broken: Source[]
  /** None may be. */
  kept: Source[]
}

const file = (path: string, text: string): Source => ({ path, text })

const FRIENDS = [
  file('shared/clock.ts', '// Tells the time.\nexport const now = () => Date.now()\n'),
  file('shared/plain.ts', '// A number.\nexport const one = 1\n'),
  file('shared/sum.ts', '// Adds. (pure)\n')
]

const RULES: Record<string, RuleCase> = {
  'relay and peer import shared and never each other, and only tests import tests': {
    rule: importsPointTheRightWay,
    broken: [
      file('shared/a.ts', "import { b } from '../relay/b.ts'"),
      file('shared/wire/a.ts', "import type { B } from '../../peer/b.ts'"),
      file('relay/a.ts', "import {\n  b\n} from '../peer/b.ts'"),
      file('peer/deep/a.ts', "export * from '../../relay/b.ts'"),
      file('peer/a.ts', "const b = await import('../relay/b.ts')"),
      file('peer/a.ts', "import '../test/b.ts'"),
      file('relay/a.ts', "import b from '/somewhere/peer/b.ts'")
    ],
    kept: [
      file('relay/a.ts', "import { b } from '../shared/b.ts'\nimport './c.ts'"),
      file('shared/a.ts', "import m from '../package.json' with { type: 'json' }"),
      file('peer/a.ts', "// import { b } from '../relay/b.ts'\nimport { relay } from 'relay'"),
      file('test/a.ts', "import '../peer/b.ts'\nimport '../relay/b.ts'")
    ]
  },
  'a test is left out for a reason that CI can judge': {
    rule: leavesOutWithReason,
    broken: [
      file('test/a.test.ts', "it('a', { skip: !works && 'it is not here' }, run)"),
      file('test/a.test.ts', "it('a', { skip: process.platform === 'win32' }, run)"),
      file('test/a.test.ts', "const skip =\n  gone ? 'it is not here' : false"),
      file('test/a.test.ts', "t.skip('it is not here')"),
      file('test/support/a.ts', "export const NO_A =\n  gone && 'it is not here'")
    ],
    kept: [
      file('test/a.test.ts', "it('a', { skip: NO_A || NO_B }, run)"),
      file('test/a.test.ts', 'it(name, { skip: asRoot && EXCUSED.asRoot }, run)'),
      file('test/a.test.ts', "const skip = needs(works, 'it is not here')\nit('a', { skip }, run)"),
      file('test/a.test.ts', 't.skip(EXCUSED.ipv6)\nfield.skip()'),
      file('test/support/a.ts', "export const NO_A = needs(works, 'it is not here')")
    ]
  },
  'only main.ts touches the process and the console': {
    rule: onlyMainTouchesProcess,
    broken: [
      file('peer/a.ts', 'process.exit(1)'),
      file('peer/a.ts', 'const { argv } = process\n'),
      file('shared/a.ts', 'log(`pid ${process.pid}`)'),
      file('relay/a.ts', "process\n  .on('SIGINT', stop)"),
      file('relay/a.ts', 'run(process)'),
      file('relay/a.ts', "globalThis.process['env']"),
      file('relay/a.ts', "import { env } from 'node:process'"),
      file('peer/commands/main.ts', 'process.exit(1)'),
      file('shared/a.ts', "console.log('hi')")
    ],
    kept: [
      file('peer/main.ts', 'process.exit(1)'),
      file('relay/health.ts', 'process.exit(1)'),
      file('test/a.ts', 'process.exit(1)'),
      file(
        'peer/a.ts',
        "// process.exit\nsay('process.exit ends it')\nnode.process.x()\npost-process.y"
      )
    ]
  },
  'only peer/terminal touches the terminal': {
    rule: onlyTerminalTouchesTerminal,
    broken: [
      file('peer/commands/a.ts', "import { createInterface } from 'node:readline'"),
      file('relay/a.ts', "import readline from 'readline/promises'"),
      file('shared/a.ts', 'if (stream.isTTY) colour()'),
      file('peer/main.ts', "import tty from 'node:tty'")
    ],
    kept: [
      file('peer/terminal/prompt.ts', "import { createInterface } from 'node:readline'\nx.isTTY"),
      file('peer/a.ts', "// isTTY\nsay('.isTTY')")
    ]
  },
  'every file opens with a comment': {
    rule: opensWithComment,
    broken: [file('peer/a.ts', "import a from 'a'\n// Late.\n"), file('peer/a.ts', '')],
    kept: [
      file('peer/a.ts', '// Early.\n'),
      file('peer/a.js', '#!/usr/bin/env node\n// Early.\n'),
      file('peer/a.ts', '/* Early. */')
    ]
  },
  'a file that calls itself pure does no I/O and takes the time as an argument': {
    rule: pureMeansPure,
    broken: [
      file('a.ts', "// Adds. (pure)\nimport { readFileSync } from 'node:fs'"),
      file('a.ts', "// Adds. (pure)\nimport { connect } from 'node:net'"),
      file('a.ts', '// Adds. (pure)\nconst now = Date.now()'),
      file('a.ts', '// Adds. (pure)\nconst now = new Date()'),
      file('a.ts', '// Adds. (pure)\nconst dice = Math.random()'),
      file('a.ts', '// Adds. (pure)\nsetTimeout(later, 5)'),
      file('a.ts', '// Adds,\n// in a way that is\n// pure.\nperformance.now()')
    ],
    kept: [
      file('a.ts', '// Adds.\nDate.now()'),
      file('a.ts', "// Adds. (pure)\nimport { join } from 'node:path'\nnew Date(nowMs)"),
      file('a.ts', "// Adds. (pure)\nimport type { Socket } from 'node:net'\n// Not Date.now().")
    ]
  },
  'a pure file imports pure files': {
    rule: pureImportsPure([...SOURCES, ...FRIENDS]),
    broken: [file('shared/a.ts', "// Adds. (pure)\nimport { now } from './clock.ts'")],
    kept: [
      file('shared/a.ts', "// Adds. (pure)\nimport { sum } from './sum.ts'"),
      file('shared/a.ts', "// Adds. (pure)\nimport type { Clock } from './clock.ts'"),
      file('shared/a.ts', "// Adds. (pure)\nimport { one } from './plain.ts'"),
      file('shared/a.ts', "// Adds.\nimport { now } from './clock.ts'")
    ]
  },
  'no file or folder has a name that says nothing': {
    rule: namesSayWhat,
    broken: [
      file('peer/index.ts', ''),
      file('shared/utils/a.ts', ''),
      file('relay/circuit-manager.ts', ''),
      file('test/common.test.ts', '')
    ],
    kept: [file('peer/discovery/announce.ts', ''), file('peer/commonplace.ts', '')]
  },
  'main.ts has at most 60 lines': {
    rule: mainIsShort,
    broken: [file('peer/main.ts', 'x\n'.repeat(61))],
    kept: [file('peer/main.ts', 'x\n'.repeat(60)), file('peer/peer.ts', 'x\n'.repeat(61))]
  }
}

describe('the layout', () => {
  it('has source files in every folder', () => {
    assert.deepEqual(everyFolderHasFiles(SOURCES, FOLDERS), [])
    assert.deepEqual(everyFolderHasFiles([file('peer/a.ts', '')], ['peer', 'relay']), [
      'relay/ has no source files: the rules would be checked on nothing'
    ])
  })

  for (const [title, { rule, broken, kept }] of Object.entries(RULES)) {
    it(title, () => {
      assert.deepEqual(SOURCES.flatMap(rule), [])
    })

    it(`notices where this is broken: ${title}`, () => {
      for (const source of broken) {
        assert.equal(rule(source).length, 1, `not noticed: ${source.path}: ${source.text}`)
      }
      for (const source of kept) assert.deepEqual(rule(source), [], source.text)
    })
  }
})

describe('the reader of imports', () => {
  it('finds each way of importing, and types apart', () => {
    const text = `
      // import 'comment'
      import a, { b } from 'one'
      import type { C } from 'two'
      import {
        type D,
        e
      } from "three"
      export { f } from 'four'
      import 'five'
      const g = await import('six'); import h from 'seven'
      const text = "import i from 'string'"
    `
    assert.deepEqual(
      importsOf(text).map(({ specifier, typeOnly }) =>
        typeOnly ? `type ${specifier}` : specifier
      ),
      ['one', 'type two', 'three', 'four', 'five', 'six', 'seven']
    )
  })
})

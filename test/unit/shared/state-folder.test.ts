// Where state lives on each platform.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { UsageError } from '../../../shared/errors.ts'
import { stateFolder } from '../../../shared/state-folder.ts'

it('PARLEY_HOME wins everywhere', () => {
  const env = { PARLEY_HOME: '/x', XDG_STATE_HOME: '/y', HOME: '/z', LOCALAPPDATA: 'C:\\l' }
  for (const platform of ['linux', 'darwin', 'win32'])
    assert.equal(stateFolder(env, platform), '/x')
})

it('else it is the place that the platform keeps state in', () => {
  assert.equal(stateFolder({ HOME: '/home/a' }, 'linux'), '/home/a/.local/state/parley')
  assert.equal(stateFolder({ HOME: '/home/a', XDG_STATE_HOME: '/s' }, 'freebsd'), '/s/parley')
  assert.equal(
    stateFolder({ HOME: '/Users/a', XDG_STATE_HOME: '/s' }, 'darwin'),
    '/Users/a/Library/Application Support/parley'
  )
  assert.equal(stateFolder({ LOCALAPPDATA: 'C:\\Users\\a\\l' }, 'win32'), 'C:\\Users\\a\\l\\parley')
})

it('a relative XDG_STATE_HOME is ignored, as its specification demands', () => {
  assert.equal(
    stateFolder({ HOME: '/home/a', XDG_STATE_HOME: 'state' }, 'linux'),
    '/home/a/.local/state/parley'
  )
})

it('without any home the user is told which variable to set', () => {
  for (const platform of ['linux', 'darwin', 'win32']) {
    assert.throws(
      () => stateFolder({ HOME: '', PARLEY_HOME: '' }, platform),
      (error: unknown) => error instanceof UsageError && /set PARLEY_HOME/.test(error.message)
    )
  }
})

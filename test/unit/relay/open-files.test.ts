// Whether the limits of the relay fit into those of the system.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { DEFAULT_LIMITS } from '../../../relay/limits.ts'
import { openFilesProblem } from '../../../relay/open-files.ts'

it('more connections than the system lets a process have files are a problem with a remedy', () => {
  assert.equal(
    openFilesProblem(DEFAULT_LIMITS, 1024),
    undefined,
    'what systems give by default is enough'
  )
  assert.equal(openFilesProblem({ connections: 2000 }, 2128), undefined)
  assert.match(
    openFilesProblem({ connections: 2000 }, 2127) ?? '',
    /^the system lets this process open 2127 files, and 2000 connections need 2128: raise it/
  )
  assert.match(openFilesProblem(DEFAULT_LIMITS, 256) ?? '', /768 connections need 896/)
  assert.equal(openFilesProblem({ connections: 1_000_000 }, undefined), undefined)
})

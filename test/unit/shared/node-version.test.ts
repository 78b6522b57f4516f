// Which Node is new enough; the launchers and package.json say the same.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { nodeVersionProblem } from '../../../shared/node-version.ts'
import manifest from '../../../package.json' with { type: 'json' }

it('24.19 and everything after it is new enough', () => {
  for (const version of ['24.19.0', '24.21.3', '25.0.0', '30.1.0-nightly', 'v24.19.0']) {
    assert.equal(nodeVersionProblem(version), undefined, version)
  }
})

it('what is older gets one sentence that names both versions', () => {
  for (const version of ['24.18.9', '22.18.0', '20.20.2', '4.0.0', '', 'unknown']) {
    const problem = nodeVersionProblem(version) ?? assert.fail(version)
    assert.match(problem, /needs Node 24\.19 or newer and this is Node /)
    assert.doesNotMatch(problem, /\n/)
    assert.ok(problem.includes(`Node ${version}:`))
  }
})

it('package.json asks for the same version', () => {
  assert.equal(manifest.engines.node, '>=24.19')
})

// Requests to read the configuration again, early and in time.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { ReloadRequests } from '../../../relay/reload-requests.ts'

it('requests to reload are carried out as they come, and early ones together once somebody can', () => {
  const requests = new ReloadRequests()
  let reloads = 0
  requests.ask()
  requests.ask()
  requests.onAsked(() => void reloads++)
  assert.equal(reloads, 1)
  requests.ask()
  assert.equal(reloads, 2)
})

it('nothing is reloaded that nobody has asked for', () => {
  new ReloadRequests().onAsked(() => assert.fail('it was'))
})

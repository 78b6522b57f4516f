// What is turned on is logged; what is off makes no loggers.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ComponentLogger, Logger } from '@libp2p/interface'
import { quietLogger } from '../../../../shared/transport/quiet-logger.ts'

const level = (enabled: boolean): (() => void) => Object.assign(() => undefined, { enabled })

function source(on: { log?: boolean; error?: boolean }): {
  inner: ComponentLogger
  scopes: string[]
} {
  const scopes: string[] = []
  const logger = (name: string): Logger =>
    Object.assign(level(on.log ?? false), {
      enabled: on.log ?? false,
      error: level(on.error ?? false),
      trace: level(false),
      newScope: (scope: string) => {
        scopes.push(`${name}:${scope}`)
        return logger(`${name}:${scope}`)
      }
    })
  return { inner: { forComponent: logger }, scopes }
}

describe('a logger that is quiet', () => {
  it('makes no loggers for streams where it is off', () => {
    const { inner, scopes } = source({})
    const log = quietLogger(inner).forComponent('libp2p:tcp')
    log.newScope('connection').newScope('stream').error('not %s', 'heard')
    assert.deepEqual(scopes, [])
    assert.equal(log.enabled, false)
  })

  it('looks once whether a component is heard', () => {
    const { inner } = source({})
    let asked = 0
    const logger = quietLogger({
      forComponent: (name) => {
        asked++
        return inner.forComponent(name)
      }
    })
    for (const name of ['libp2p:tcp', 'libp2p:tcp', 'libp2p:noise']) logger.forComponent(name)
    assert.equal(asked, 2)
  })

  for (const on of [{ log: true }, { error: true }]) {
    it(`logs as ever with ${JSON.stringify(on)}`, () => {
      const { inner, scopes } = source(on)
      quietLogger(inner).forComponent('libp2p:tcp').newScope('connection')
      assert.deepEqual(scopes, ['libp2p:tcp:connection'])
    })
  }
})

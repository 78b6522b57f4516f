// An actor follows what its program tells, and says what went wrong when it does not.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { describe, it } from 'node:test'
import { Actor } from '../../../../peer/demo/actor.ts'

type Told = { event: 'ready' } | { event: 'echo'; text: string }

/** Tells `ready`, echoes its lines as events, and ends with its input. */
const ECHO = `
  const tell = (event, rest = {}) => console.log(JSON.stringify({ event, at: new Date().toISOString(), ...rest }))
  tell('ready')
  require('readline').createInterface(process.stdin).on('line', (text) => tell('echo', { text }))`

const LIMIT_MS = 10_000

function actor(script: string, options?: { leaveWithinMs: number }): Actor<Told> {
  const child = spawn(process.execPath, ['--eval', script], { stdio: 'pipe' })
  return new Actor('echo', child, options)
}

describe('an actor', () => {
  it('offers events that were told before somebody asked, and those to come', async () => {
    await using echo = actor(ECHO)
    const signal = AbortSignal.timeout(LIMIT_MS)
    await echo.next('ready', { signal })
    echo.say('one')
    assert.equal((await echo.next('echo', { signal })).text, 'one')
    await echo.next('ready', { signal })
  })

  it('passes over what came before a mark', async () => {
    await using echo = actor(ECHO)
    const signal = AbortSignal.timeout(LIMIT_MS)
    echo.say('one')
    await echo.next('echo', { signal })
    const from = echo.mark()
    echo.say('two')
    assert.equal((await echo.next('echo', { signal, from })).text, 'two')
  })

  it('tells what it did tell, when the wait is over', async () => {
    await using echo = actor(ECHO)
    await echo.next('ready', { signal: AbortSignal.timeout(LIMIT_MS) })
    await assert.rejects(
      echo.next('echo', { signal: AbortSignal.abort() }),
      /^Error: echo did not tell "echo" in time; it told last:\n\{"event":"ready"/
    )
  })

  it('tells how its program ended and what it wrote to standard error', async () => {
    await using echo = actor("console.error('no such relay'); process.exitCode = 3")
    await assert.rejects(
      echo.next('ready', { signal: AbortSignal.timeout(LIMIT_MS) }),
      /^Error: echo ended before it told "ready"; it told last:\nno such relay$/
    )
    assert.deepEqual(await echo.exited, { code: 3, signal: null })
  })

  it('gives up a program that prints what is no event', async () => {
    await using echo = actor("console.log('hello'); setInterval(() => {}, 1000)")
    await assert.rejects(
      echo.next('ready', { signal: AbortSignal.timeout(LIMIT_MS) }),
      /printed a line that is no event: hello/
    )
  })

  it('gives up a line without an end', async () => {
    await using echo = actor("process.stdout.write('x'.repeat(1e6)); setInterval(() => {}, 1000)")
    await assert.rejects(
      echo.next('ready', { signal: AbortSignal.timeout(LIMIT_MS) }),
      /printed a line without an end/
    )
  })

  it('that could not be started says so', async () => {
    await using nobody = new Actor('nobody', spawn('/nowhere/program', [], { stdio: 'pipe' }))
    await assert.rejects(
      nobody.next(() => true, { signal: AbortSignal.timeout(LIMIT_MS) }),
      /could not be started: spawn \/nowhere\/program ENOENT/
    )
  })

  it('is asked to leave when it is disposed of, and killed when it does not', async () => {
    const polite = actor(ECHO)
    await polite.next('ready', { signal: AbortSignal.timeout(LIMIT_MS) })
    await polite[Symbol.asyncDispose]()
    assert.deepEqual(await polite.exited, { code: null, signal: 'SIGTERM' })

    const deaf = actor(`process.on('SIGTERM', () => {}); ${ECHO}`, { leaveWithinMs: 50 })
    await deaf.next('ready', { signal: AbortSignal.timeout(LIMIT_MS) })
    await deaf[Symbol.asyncDispose]()
    assert.deepEqual(await deaf.exited, { code: null, signal: 'SIGKILL' })
  })
})

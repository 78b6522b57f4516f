// What a pipe says before there is a room.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { pipedLines } from '../../../../peer/commands/piped-lines.ts'
import { unlessAborted } from '../../../../peer/unless-aborted.ts'

/** A pipe that stays open behind these lines, until it is ended. */
function pipe(...said: string[]): { lines: AsyncIterable<string>; end: () => void } {
  const ended = Promise.withResolvers<void>()
  async function* lines(): AsyncGenerator<string> {
    yield* said
    await ended.promise
  }
  return { lines: lines(), end: ended.resolve }
}

interface Scene {
  timeoutMs?: number
  signal?: AbortSignal
}

const needsRoom = (line: string): boolean => !line.startsWith('/')

function read(
  lines: AsyncIterable<string>,
  { timeoutMs = 5_000, signal = new AbortController().signal }: Scene = {}
): { got: string[]; join: () => void; over: Promise<void> } {
  const got: string[] = []
  const room = Promise.withResolvers<void>()
  const joined = async (limit: AbortSignal): Promise<void> => unlessAborted(room.promise, limit)
  const piped = pipedLines({ lines, needsRoom, joined, timeoutMs }, { signal })
  const readAll = async (): Promise<void> => {
    for await (const line of piped) {
      if (line === '/quit') break
      got.push(line)
    }
  }
  return { got, join: room.resolve, over: readAll() }
}

const turn = async (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

describe('lines from a pipe', () => {
  it('wait for the room in their order, and those that need none do not', async () => {
    const { lines, end } = pipe('/help', 'one', '/peers', 'two')
    const { got, join, over } = read(lines)
    await turn()
    assert.deepEqual(got, ['/help'])
    join()
    end()
    await over
    assert.deepEqual(got, ['/help', 'one', '/peers', 'two'])
  })

  it('wait for ever while the pipe is open, and are given up some time after its end', async () => {
    const { lines, end } = pipe('one')
    const { got, over } = read(lines, { timeoutMs: 10 })
    const first = await Promise.race([over, new Promise((resolve) => void setTimeout(resolve, 50))])
    assert.equal(first, undefined)
    end()
    await assert.rejects(over, {
      name: 'UserError',
      code: 'no-relay',
      exitCode: 1,
      message: /within 0\.01 s, so nothing that was piped in was sent/
    })
    assert.deepEqual(got, [])
  })

  it('of which there is none fail at once where no relay lets us in', async () => {
    const { lines, end } = pipe('/help')
    const { got, over } = read(lines)
    end()
    await assert.rejects(over, { code: 'no-relay', message: /^no relay has let us into the room:/ })
    assert.deepEqual(got, ['/help'])
  })

  it('are not read beyond a thousand, and a file is given up as if it had ended', async () => {
    let taken = 0
    async function* endless(): AsyncGenerator<string> {
      for (;;) yield `line ${(taken += 1)}`
    }
    const { over } = read(endless(), { timeoutMs: 10 })
    await assert.rejects(over, { code: 'no-relay' })
    assert.ok(taken <= 1_001)
  })

  it('end with /quit, and when the program is to leave', async () => {
    await read(pipe('/quit', 'one').lines).over
    const leaving = new AbortController()
    const { got, over } = read(pipe('one').lines, { signal: leaving.signal })
    leaving.abort()
    await over
    assert.deepEqual(got, [])
  })
})

// Secrets as people keep them: which are taken, and that no complaint says what one is.
import assert from 'node:assert/strict'
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { inspect } from 'node:util'
import { UsageError } from '../../../shared/errors.ts'
import { loadSecrets, parseSecrets } from '../../../shared/secrets.ts'
import { asRoot, scratchFolder } from '../../support/scratch.ts'
import { EXCUSED } from '../../support/left-out.ts'

const OLD = 'correct horse battery'
const NEW = 'c3VwZXJzZWNyZXRzdXBlcnNlY3JldA=='

const load = (file: string | undefined, env: Record<string, string> = {}) =>
  loadSecrets(
    {
      values: { 'secret-file': file },
      givenBy: {
        'secret-file': env['PARLEY_SECRET'] === undefined ? '--secret-file' : 'PARLEY_SECRET'
      }
    },
    env
  )

function written(t: TestContext, text: string, mode = 0o600): string {
  const file = join(scratchFolder(t), 'secrets')
  writeFileSync(file, text)
  chmodSync(file, mode)
  return file
}

async function complaint(loading: Promise<unknown>): Promise<string> {
  const error = await loading.then(
    () => assert.fail('it was taken'),
    (reason: unknown) => reason
  )
  assert.ok(error instanceof UsageError, String(error))
  assert.doesNotMatch(error.message, /\n/)
  return error.message
}

const texts = (secrets: Awaited<ReturnType<typeof load>>): string[] =>
  secrets.map((secret) => secret.export().toString())

describe('secrets', () => {
  it('stand one a line, with remarks and empty lines between them, however lines end', async (t) => {
    const file = written(t, `# since May\r\n${NEW}\r\n\n  # until June\n  ${OLD} \n${NEW}\n`)
    assert.deepEqual(texts(await load(file)), [NEW, OLD])
  })

  it('may be in the variable, and are none when none are given', async () => {
    assert.deepEqual(texts(await load(undefined, { PARLEY_SECRET: `${NEW}\n${OLD}` })), [NEW, OLD])
    assert.deepEqual(await load(undefined), [])
  })

  it('show nothing of themselves', () => {
    const settings = { access: { secrets: parseSecrets(NEW, 'x') } }
    for (const text of [
      inspect(settings, { depth: 9, showHidden: true }),
      JSON.stringify(settings)
    ]) {
      assert.doesNotMatch(text, new RegExp(NEW.slice(0, 6)))
      assert.doesNotMatch(text, new RegExp(Buffer.from(NEW).toString('hex').slice(0, 8)))
    }
  })

  it('have 16 characters at least, and the complaint names the line and how to make one', async (t) => {
    const short = 'hunter2hunter22'
    const words = await complaint(load(written(t, `${OLD}\n${short}\n`)))
    assert.match(words, /^line 2 of the secret file \S+ has 15 characters, .* 16: .*openssl rand/)
    assert.ok(!words.includes(short))
    const inVariable = await complaint(load(undefined, { PARLEY_SECRET: short }))
    assert.match(inVariable, /^line 1 of PARLEY_SECRET has 15/)
    assert.ok(!inVariable.includes(short))
  })

  it('are at least one where a file is named: an empty one opens no relay', async (t) => {
    assert.match(await complaint(load(written(t, '# none yet\n'))), /has no secret in it/)
    assert.match(await complaint(load('/nowhere/secrets')), /\/nowhere\/secrets does not exist/)
  })

  it('are 16 at most', async (t) => {
    const many = Array.from({ length: 17 }, (_, n) => `secret number ${1000 + n}`)
    assert.equal((await load(written(t, many.slice(1).join('\n')))).length, 16)
    assert.match(await complaint(load(written(t, many.join('\n')))), /more than 16 secrets/)
    assert.match(await complaint(load(written(t, 'x'.repeat(20_000)))), /more than 16384 bytes/)
  })

  it('are not in a file of ours that others can read', async (t) => {
    for (const mode of [0o640, 0o604, 0o602]) {
      const file = written(t, OLD, mode)
      assert.match(await complaint(load(file)), new RegExp(`run "chmod 600 ${file}"$`))
    }
    assert.equal((await load(written(t, OLD, 0o400))).length, 1)
  })

  it(
    'may be in a file that others can read when somebody else has put it there, as Docker does',
    { skip: !asRoot && EXCUSED.notRoot },
    async (t) => {
      const file = written(t, OLD, 0o444)
      chownSync(file, 12_345, 12_345)
      assert.deepEqual(texts(await load(file)), [OLD])
    }
  )

  it('are in no folder, device or path that leads nowhere', async (t) => {
    const folder = join(scratchFolder(t), 'secrets')
    mkdirSync(folder)
    assert.match(await complaint(load(folder)), /is not a regular file/)
    assert.match(await complaint(load('/dev/null')), /is not a regular file/)
    assert.match(await complaint(load(join(written(t, OLD), 'x'))), /cannot be read: ENOTDIR/)
  })
})

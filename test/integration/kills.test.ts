// Processes that are killed in the middle of a sentence: what was told as sent arrives, once and in order.
import assert from 'node:assert/strict'
import { it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { multiaddr } from '@multiformats/multiaddr'
import { readHistoryFile } from '../../peer/store/history-file.ts'
import { openStore } from '../../peer/store/sqlite-store.ts'
import { loadOrCreateIdentity } from '../../shared/identity.ts'
import { start, type RunningProgram } from '../support/program.ts'
import { scratchFolder } from '../support/scratch.ts'
import { Talker } from '../support/talkers.ts'

const PROGRAM = 'test/support/talking-program.ts'

interface Line {
  type?: string
  text?: string
  address?: string
  id?: string
}

/** Whole lines only: the last one may have been cut by the kill. */
const linesOf = (program: RunningProgram): Line[] =>
  program.stdout
    .split('\n')
    .slice(0, -1)
    .map((line): Line => JSON.parse(line))

async function killed(program: RunningProgram): Promise<Line[]> {
  program.child.kill('SIGKILL')
  await program.ended()
  assert.equal(program.stderr, '')
  return linesOf(program)
}

const count = (lines: Line[], type: string): number =>
  lines.filter((line) => line.type === type).length

/** A talker in this process that keeps nothing over runs, and stays. */
async function listener(test: TestContext): Promise<{ talker: Talker; address: string }> {
  const talker = await Talker.start('ben')
  test.after(async () => talker[Symbol.asyncDispose]())
  return { talker, address: talker.node.getMultiaddrs()[0]?.toString() ?? assert.fail() }
}

it('a sender that is killed whenever it likes delivers all that it told as sent, once and in order', async (test) => {
  const folder = scratchFolder(test)
  const { talker, address } = await listener(test)
  let told = 0
  let from = 1
  for (let run = 0; run < 4; run++) {
    const program = start(test, [PROGRAM, folder, address, String(from)])
    await program.shows('stdout', /"type":"sent"/)
    await sleep(Math.random() * 60)
    const lines = await killed(program)
    told += count(lines, 'sent')
    // What was stored and not told yet in that moment arrives all the same: numbers go on behind it.
    const stored = readHistoryFile(`${folder}/peer.db`, { limit: 1_000_000 })
    assert.ok(stored.length >= told, `${stored.length} of ${told} are stored`)
    from = stored.length + 1
  }
  const program = start(test, [PROGRAM, folder, address, String(from)])
  await talker.until(() => talker.texts.length > from)
  await killed(program)
  assert.deepEqual(
    talker.texts,
    talker.texts.map((_, index) => String(index + 1))
  )
})

it('a sender that is killed right after it told `sent` delivers once, to somebody who was away', async (test) => {
  const folder = scratchFolder(test)
  const bens = await generateKeyPair('Ed25519')
  const nowhere = `/ip4/127.0.0.1/tcp/1/p2p/${bens.publicKey.toString()}`
  const program = start(test, [PROGRAM, folder, nowhere])
  await program.shows('stdout', /"type":"sent"/)
  const told = (await killed(program)).filter(({ type }) => type === 'sent')
  await using ben = await Talker.start('ben', { network: { privateKey: bens } })
  const privateKey = await loadOrCreateIdentity(`${folder}/peer.key`)
  await using store = openStore(`${folder}/peer.db`, {
    onTrouble: ({ message }) => assert.fail(message)
  })
  await using ann = await Talker.start('ann', { store, network: { privateKey } })
  ann.conversations.admit(ben.peer)
  await ann.connect(ben.node)
  await ann.conversations.delivered(AbortSignal.timeout(10_000))
  const ids = ben.of('message').map(({ id }) => id)
  assert.deepEqual(
    ids.slice(0, told.length),
    told.map(({ id }) => id)
  )
  assert.equal(new Set(ids).size, ids.length)
})

it('a receiver that is killed whenever it likes shows nothing twice, and has everything once, in order', async (test) => {
  const folder = scratchFolder(test)
  const { talker } = await listener(test)
  const texts = Array.from({ length: 2_000 }, (_, index) => String(index + 1))
  const shown: string[] = []
  let said = 0
  for (let run = 0; run < 5; run++) {
    const program = start(test, [PROGRAM, folder])
    await program.shows('stdout', /"address"/)
    const address = linesOf(program).find((line) => line.address)?.address ?? assert.fail()
    await talker.node.dial(multiaddr(address), { force: true })
    const peer = address.split('/p2p/').at(-1) ?? assert.fail()
    talker.conversations.admit(peer)
    const upTo = run === 4 ? texts.length : said + 400
    for (; said < upTo; said++) {
      talker.conversations.send({ text: texts[said] ?? '', to: [peer], room: 'kitchen' })
      if (said % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    if (run === 4) await talker.conversations.delivered(AbortSignal.timeout(20_000))
    else await program.shows('stdout', /"type":"message"/)
    const lines = await killed(program)
    shown.push(...lines.flatMap(({ type, text }) => (type === 'message' ? [text ?? ''] : [])))
  }
  const numbers = shown.map(Number)
  assert.deepEqual(
    numbers,
    [...new Set(numbers)].toSorted((one, other) => one - other)
  )
  // Between storing and printing there is a moment: what it swallows is in the history, which a chat begins with.
  const kept = readHistoryFile(`${folder}/peer.db`, { limit: 10_000 })
  assert.deepEqual(
    kept.map(({ text }) => text),
    texts
  )
})

// The outbox and the history as users have them: real programs, a real relay, and SIGKILL.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { it, type TestContext } from 'node:test'
import { start, type RunningProgram } from '../support/program.ts'
import { relayScene } from '../support/relay-scene.ts'
import { scratchFolder } from '../support/scratch.ts'

interface Event {
  event: string
  text?: string
  to?: string[]
  messages?: number
}

const eventsOf = ({ stdout }: RunningProgram, event: string): Event[] =>
  stdout
    .split('\n')
    .slice(0, -1)
    .map((line): Event => JSON.parse(line))
    .filter((told) => told.event === event)

function chat(test: TestContext, relay: string, home: string, input?: string): RunningProgram {
  const args = ['peer/main.ts', 'chat', 'kitchen', '--json', '--relay', relay]
  const listen = ['--listen', '/ip4/127.0.0.1/tcp/0', '--name', home.slice(-3)]
  return start(test, [...args, ...listen], { env: { PARLEY_HOME: home }, input })
}

async function killed(program: RunningProgram): Promise<void> {
  program.child.kill('SIGKILL')
  await program.ended()
}

it('a line for somebody who was killed waits, over the kill of its sender, and arrives once', async (test) => {
  await using scene = await relayScene()
  const relay = String(scene.address)
  const [anns, bens] = ['ann', 'ben'].map((name) => join(scratchFolder(test), name))
  assert(anns !== undefined && bens !== undefined)
  let ben = chat(test, relay, bens)
  await ben.shows('stdout', /"event":"relay".*"reserved"/)
  let ann = chat(test, relay, anns)
  await ann.shows('stdout', /"event":"discovered".*"name":"ben"/)
  await ben.shows('stdout', /"event":"discovered".*"name":"ann"/)
  ann.child.stdin.write('first\n')
  await ann.shows('stdout', /"event":"delivered"/)
  await killed(ben)
  ann.child.stdin.write('second\n')
  await ann.shows('stdout', /"event":"sent"(?:.|\n)*"event":"sent"/)
  await killed(ann)
  assert.equal(eventsOf(ann, 'sent')[1]?.to?.length, 1)

  ben = chat(test, relay, bens)
  await ben.shows('stdout', /"event":"relay".*"reserved"/)
  ann = chat(test, relay, anns)
  await ann.shows('stdout', /"event":"delivered"/)
  assert.deepEqual(
    eventsOf(ben, 'message').map(({ text }) => text),
    ['second']
  )
  // Read while the chat is running.
  const history = start(test, ['peer/main.ts', 'history', 'kitchen', '--json'], {
    env: { PARLEY_HOME: anns }
  })
  assert.equal(await history.ended(), 0)
  const lines = history.stdout
    .trimEnd()
    .split('\n')
    .map((line): { text: string; to: Array<{ deliveredAt?: string }> } => JSON.parse(line))
  assert.deepEqual(
    lines.map(({ text, to }) => [text, to.length, to[0]?.deliveredAt !== undefined]),
    [
      ['first', 1, true],
      ['second', 1, true]
    ]
  )
  const words = start(test, ['peer/main.ts', 'history'], { env: { PARLEY_HOME: bens } })
  assert.equal(await words.ended(), 0)
  assert.match(words.stdout, /^\d{4}-\d\d-\d\d \d\d:\d\d \[kitchen\] ann: first\n.*: second\n$/)
  assert.equal(words.stderr, '')
})

it('a second copy on one state folder refuses with a sentence', async (test) => {
  await using scene = await relayScene()
  const home = join(scratchFolder(test), 'ann')
  const first = chat(test, String(scene.address), home)
  await first.shows('stdout', /"event":"started"/)
  const second = chat(test, String(scene.address), home)
  assert.equal(await second.ended(), 1)
  assert.match(second.stderr, /peer\.key is in use by another copy that is running/)
})

it('what was never said, and a limit that is no number, are one sentence', async (test) => {
  const env = { PARLEY_HOME: scratchFolder(test) }
  const nothing = start(test, ['peer/main.ts', 'history', 'kitchen'], { env })
  assert.equal(await nothing.ended(), 0)
  assert.equal(nothing.stderr, 'nothing was said in kitchen yet\n')
  const wrong = start(test, ['peer/main.ts', 'history', '--limit', 'x'], { env })
  assert.equal(await wrong.ended(), 2)
  assert.match(wrong.stderr, /^--limit must be a number of lines from 1 on/)
})

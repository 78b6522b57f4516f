// Long and hostile messages as people meet them: at the prompt, on the screen, in JSON and in the history.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { it, type TestContext } from 'node:test'
import type { PeerEvent } from '../../peer/events.ts'
import { CHAT_LIMITS } from '../../shared/wire/chat.ts'
import { type RunningProgram, start } from '../support/program.ts'
import { type RoomScene, roomScene } from '../support/room-scene.ts'
import { scratchFolder } from '../support/scratch.ts'

const MOST = CHAT_LIMITS.maxTextBytes
/** Clears the screen, writes the clipboard, makes a link, goes back to the start of the line, beeps, reorders, hides. */
const HOSTILE =
  'a\u001B[2J\u001B]52;c;aGk=\u0007\u001B]8;;http://x.example\u001B\\b\rc\u0007\u0000\u009B31m\u009D52;c;aGk=\u009C\u202Ed\u2066e\u200Bf\u2028g\u007F'
const HOSTILE_NAME = 'ann\u001B[2J\r\u202E: hi'

/** Everything that a terminal obeys or that reorders what is shown; a newline ends a line of ours. */
const OBEYED = /(?!\n)[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/v

function parley(test: TestContext, home: string, args: string[], input?: string): RunningProgram {
  return start(test, ['peer/main.ts', ...args], { env: { PARLEY_HOME: home }, input })
}

function chat(
  test: TestContext,
  scene: RoomScene,
  name: string,
  more: string[] = []
): { program: RunningProgram; home: string } {
  const home = join(scratchFolder(test), name)
  const relay = ['--relay', String(scene.relay.address), '--relayed-only']
  const args = ['chat', 'kitchen', ...relay, '--listen', '/ip4/127.0.0.1/tcp/0', '--name', name]
  return { program: parley(test, home, [...args, ...more]), home }
}

const messagesOf = (program: RunningProgram): Array<Extract<PeerEvent, { event: 'message' }>> =>
  program.stdout
    .split('\n')
    .slice(0, -1)
    .map((line): PeerEvent => JSON.parse(line))
    .filter((event) => event.event === 'message')

it('64 KiB can be typed, to all or to one, one byte more is refused with a sentence, and the talk goes on', async (test) => {
  await using scene = await roomScene()
  const ben = await scene.join('ben', { relayedOnly: true })
  const { program } = chat(test, scene, 'ann')
  await program.shows('stderr', /ben is in the room/)
  await ben.knows('ann')
  const full = 'é'.repeat(MOST / 2)
  program.child.stdin.write(`${full}\n${full}x\n/to ben ${full}\n/to ben ${full}x\nenough\n`)
  program.child.stdin.end()
  assert.equal(await program.ended(), 1, 'a piped line that could not be sent is a failure')
  assert.deepEqual(
    ben.of('message').map(({ text, room }) => [text === full ? 'full' : text, room]),
    [
      ['full', 'kitchen'],
      ['full', undefined],
      ['enough', 'kitchen']
    ]
  )
  const sentence = 'the message has 65537 bytes; at most 65536 can be sent at once: split it up'
  assert.equal(program.stderr.split('\n').filter((line) => line === sentence).length, 2)
})

it('what others say and call themselves is harmless on the screen and in the history, and whole in JSON', async (test) => {
  await using scene = await roomScene()
  const screen = chat(test, scene, 'ben')
  const json = chat(test, scene, 'cid', ['--json'])
  await screen.program.shows('stderr', /makes you reachable/)
  await json.program.shows('stdout', /"reserved"/)
  const mal = await scene.join(HOSTILE_NAME, { relayedOnly: true })
  await mal.knows('ben')
  await mal.knows('cid')
  mal.peer.send(HOSTILE)
  await mal.peer.delivered(AbortSignal.timeout(10_000))
  await json.program.shows('stdout', /"event":"message"/)
  await screen.program.shows('stdout', /\n/)
  screen.program.child.stdin.end('/peers\n/path\n/history\n')
  json.program.child.stdin.end()
  assert.equal(await screen.program.ended(), 0, screen.program.stderr)
  assert.equal(await json.program.ended(), 0, json.program.stderr)

  const words = parley(test, screen.home, ['history'], '')
  assert.equal(await words.ended(), 0)
  const lines = parley(test, json.home, ['history', '--json'], '')
  assert.equal(await lines.ended(), 0)
  const shown = [screen.program, json.program, words, lines]
  for (const text of shown.flatMap(({ stdout, stderr }) => [stdout, stderr])) {
    assert.doesNotMatch(text, OBEYED)
  }
  assert.equal(screen.program.stdout.split('\n').length, 2, 'a line is one line')
  assert.match(screen.program.stdout, /^ann␛\[2J␍�· hi: a␛\[2J␛\]52;c;aGk=␇/)
  assert.match(words.stdout, /^[-\d]+ [:\d]+ \[kitchen\] ann␛\[2J␍�· hi: a␛\[2J␛\]52;c;aGk=␇.*\n$/)
  const [message] = messagesOf(json.program)
  assert.deepEqual([message?.text, message?.name], [HOSTILE, HOSTILE_NAME])
  const said: { text: string; name: string } = JSON.parse(lines.stdout)
  assert.deepEqual([said.text, said.name], [HOSTILE, HOSTILE_NAME])
})

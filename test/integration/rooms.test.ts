// A room of twenty real peers that all talk while some come, leave or are killed: every line reaches each one that it
// was sent to, once, in the order of its speaker.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { it, type TestContext } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { readHistoryFile } from '../../peer/store/history-file.ts'
import { eventually } from '../support/eventually.ts'
import { start, type RunningProgram } from '../support/program.ts'
import { type Guest, type RoomScene, roomScene } from '../support/room-scene.ts'
import { scratchFolder } from '../support/scratch.ts'

/** Twenty handshakes with nineteen others, on a machine that has more to do. */
const PATIENCE_MS = 40_000
const STAYING = 14
const ROUND = 3

/** What one line was, and to whom it was promised. */
interface Line {
  speaker: string
  text: string
  to: string[]
}

/** Everybody's lines, in their order. */
class Minutes {
  readonly lines: Line[] = []
  #count = 0

  /** The guests say some lines each, in turn. */
  round(guests: readonly Guest[]): void {
    for (let turn = 0; turn < ROUND; turn++) {
      for (const guest of guests) this.#say(guest)
    }
  }

  #say({ peer }: Guest): void {
    const text = `${peer.name} ${this.#count++}`
    const id = peer.send(text)
    const unsubscribe = peer.subscribe((event) => {
      if (event.event !== 'sent' || event.id !== id) return
      unsubscribe()
      this.lines.push({ speaker: peer.peerId, text, to: event.to })
    })
  }

  for(receiver: string, speaker: string): string[] {
    return this.lines
      .filter((line) => line.speaker === speaker && line.to.includes(receiver))
      .map(({ text }) => text)
  }
}

async function acquainted(guests: readonly Guest[], names: readonly string[]): Promise<void> {
  const strangers = ({ peer }: Guest): string[] => {
    const known = new Set([peer.name, ...peer.members.map(({ name }) => name)])
    return names.filter((name) => !known.has(name))
  }
  await eventually(
    () => guests.flatMap(strangers),
    ({ length }) => length === 0,
    PATIENCE_MS
  )
}

async function joinAll(scene: RoomScene, names: readonly string[]): Promise<Guest[]> {
  // Some talk directly, the others over the relay, as in any room.
  return Promise.all(
    names.map(async (name, index) => scene.join(name, { relayedOnly: index % 6 > 0 }))
  )
}

/** A member in a process of its own, to be killed. */
function program(test: TestContext, scene: RoomScene, home: string, name: string): RunningProgram {
  const relay = String(scene.relay.address)
  const args = ['chat', 'kitchen', '--json', '--relayed-only', '--relay', relay, '--name', name]
  const env = { PARLEY_HOME: home }
  return start(test, ['peer/main.ts', ...args, '--listen', '/ip4/127.0.0.1/tcp/0'], { env })
}

const peerIdOf = ({ stdout }: RunningProgram): string =>
  /"peerId":"(\w+)"/.exec(stdout)?.[1] ?? assert.fail('it has not started')

function assertHeard(minutes: Minutes, receiver: string, heard: Map<string, string[]>): void {
  const speakers = new Set(minutes.lines.map(({ speaker }) => speaker))
  for (const speaker of speakers) {
    assert.deepEqual(heard.get(speaker) ?? [], minutes.for(receiver, speaker))
  }
}

const bySpeaker = (lines: ReadonlyArray<{ peer?: string; text: string }>): Map<string, string[]> =>
  Map.groupBy(lines, ({ peer }) => peer ?? '')
    .entries()
    .reduce(
      (all, [peer, theirs]) =>
        all.set(
          peer,
          theirs.map(({ text }) => text)
        ),
      new Map<string, string[]>()
    )

it(
  'in a room of twenty each line reaches each member once, in order, whoever comes and goes',
  { timeout: 120_000 },
  async (test) => {
    await using scene = await roomScene()
    const minutes = new Minutes()
    const folder = scratchFolder(test)
    const homes = ['killed', 'gone'].map((name) => join(folder, name))
    const privateKey = await generateKeyPair('Ed25519')
    const back = { privateKey, stateFile: join(folder, 'leaver.db'), relayedOnly: true }

    const names = Array.from({ length: STAYING }, (_, index) => `member ${index}`)
    const [killed, gone] = homes.map((home, index) =>
      program(test, scene, home, index === 0 ? 'killed' : 'gone')
    )
    assert(killed !== undefined && gone !== undefined && homes[0] !== undefined)
    const staying = await joinAll(scene, names)
    const leaver = await scene.join('leaver', back)
    await acquainted([...staying, leaver], [...names, 'leaver', 'killed', 'gone'])
    const [killedId, goneId] = [peerIdOf(killed), peerIdOf(gone)]
    minutes.round([...staying, leaver])

    // While everybody talks: two are killed, one leaves, three come.
    killed.child.kill('SIGKILL')
    gone.child.kill('SIGKILL')
    minutes.round([...staying, leaver])
    await leaver.peer.delivered(AbortSignal.timeout(2_000)).catch(() => undefined) // two were killed
    const leaving = leaver[Symbol.asyncDispose]()
    minutes.round(staying)
    const late = await joinAll(scene, ['late 0', 'late 1', 'late 2'])
    minutes.round([...staying, ...late])
    await leaving

    // Who was away comes back, with what it had kept.
    const again = program(test, scene, homes[0], 'killed')
    const returned = await scene.join('leaver', back)
    const here = [...staying, ...late, returned]
    await acquainted(here, [...names, 'late 0', 'late 1', 'late 2', 'leaver', 'killed'])
    minutes.round(here)
    assert.equal(peerIdOf(again), killedId)

    const open = (): number =>
      here
        .flatMap(({ peer }) => peer.members)
        .filter(({ peer }) => peer !== goneId)
        .reduce((sum, { undelivered }) => sum + undelivered, 0)
    await eventually(open, (undelivered) => undelivered === 0, PATIENCE_MS)
    const told = ROUND * (2 * (STAYING + 1) + STAYING + (STAYING + 3) + here.length)
    assert.equal(minutes.lines.length, told, 'every line was told as sent')

    for (const guest of [...staying, ...late]) {
      assertHeard(minutes, guest.peer.peerId, bySpeaker(guest.of('message')))
    }
    const leavers = [...leaver.of('message'), ...returned.of('message')]
    assertHeard(minutes, leaver.peer.peerId, bySpeaker(leavers))
    // Between storing and printing there is a moment in which a kill may fall: the history has it all.
    const kept = readHistoryFile(join(homes[0], 'peer.db'), { limit: 100_000 })
    assertHeard(minutes, killedId, bySpeaker(kept))
    const last = minutes.lines.slice(-ROUND * here.length)
    for (const { speaker, to } of last) {
      const others = [...here.map(({ peer }) => peer.peerId), killedId].filter(
        (each) => each !== speaker
      )
      assert.deepEqual(
        others.filter((other) => !to.includes(other)),
        [],
        'everybody who is there is spoken to'
      )
    }
  }
)

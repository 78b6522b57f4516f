// Full peers in a room on loopback: they meet at a relay, talk, and go on when it is gone.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { patience } from '../support/punchers.ts'
import { guest, roomScene, type Guest } from '../support/room-scene.ts'

/** What the others are to hear of one who counts to five. */
const counting = (name: string): string[] => [1, 2, 3, 4, 5].map((number) => `${name}: ${number}`)

function countToFive(...guests: Guest[]): void {
  for (const text of ['1', '2', '3', '4', '5']) for (const { peer } of guests) peer.send(text)
}

const saidBy = (name: string, heard: string[]): string[] =>
  heard.filter((line) => line.startsWith(`${name}: `))

/** Every one of them has heard all the others, once and in order. */
async function allHeard(...guests: Guest[]): Promise<void> {
  for (const one of guests) {
    const others = guests.filter((other) => other !== one).map(({ peer }) => peer.name)
    const heard = await one.hears(others.length * 5)
    for (const other of others) assert.deepEqual(saidBy(other, heard), counting(other))
    assert.equal(heard.length, others.length * 5)
  }
}

describe('three peers in one room', () => {
  it('hear each other once and in order, and know that they were heard', async () => {
    await using scene = await roomScene()
    const guests = [await scene.join('ann'), await scene.join('ben'), await scene.join('cat')]
    await scene.introductions(...guests)
    countToFive(...guests)
    await allHeard(...guests)
    for (const { peer, of } of guests) {
      await peer.delivered(patience())
      assert.equal(of('delivered').length, 10)
      assert.ok(peer.members.every(({ undelivered }) => undelivered === 0))
      assert.deepEqual(of('error'), [])
    }
  })

  it('hear each other also when all of them join at once', async () => {
    await using scene = await roomScene()
    const guests = await Promise.all(['ann', 'ben', 'cat'].map(async (name) => scene.join(name)))
    await scene.introductions(...guests)
    countToFive(...guests)
    await allHeard(...guests)
  })

  it('become direct and talk on when the relay is gone', async () => {
    await using scene = await roomScene()
    const guests = [await scene.join('ann'), await scene.join('ben'), await scene.join('cat')]
    for (const one of guests) {
      for (const { peer } of guests) if (peer !== one.peer) await one.path(peer.name, 'direct')
    }
    await scene.relay.relay[Symbol.asyncDispose]()
    for (const { log } of guests) {
      await log.first((event) => event.event === 'relay' && event.state === 'lost')
    }
    countToFive(...guests)
    await allHeard(...guests)
    for (const { of } of guests) {
      assert.deepEqual(of('left'), [])
      assert.ok(of('path').every(({ path }) => path !== 'none'))
    }
  })

  it('are told which message to whom was not delivered', async () => {
    await using scene = await roomScene()
    const [ann, ben] = [await scene.join('ann'), await scene.join('ben')]
    await scene.introductions(ann, ben)
    const undelivered = () => ann.of('error').filter(({ code }) => code === 'undelivered')
    let id = ''
    // No acknowledgement comes in between: at some point there is no place for more.
    for (let count = 0; count < 20_000 && undelivered().length === 0; count += 1) {
      id = ann.peer.send('x')
    }
    assert.partialDeepStrictEqual(undelivered(), [{ id, peer: ben.peer.peerId }])
  })

  it('may say something to one of them alone', async () => {
    await using scene = await roomScene()
    const [ann, ben, cat] = [
      await scene.join('ann'),
      await scene.join('ben'),
      await scene.join('cat')
    ]
    await scene.introductions(ann, ben, cat)
    const id = ann.peer.send('psst', { to: 'ben' })
    await ann.log.first((event) => event.event === 'delivered' && event.id === id)
    ann.peer.send('hello')
    assert.deepEqual(await ben.hears(2), ['ann: psst', 'ann: hello'])
    assert.deepEqual(await cat.hears(1), ['ann: hello'])
    const [whispered] = ben.of('message')
    assert.equal(whispered?.room, undefined, 'it was not said to the room')
    assert.throws(() => ann.peer.send('psst', { to: 'dan' }), {
      name: 'UserError',
      code: 'unknown-name',
      message: 'nobody in kitchen is called dan: /peers lists who is there'
    })
  })

  it('tell of someone who leaves, once', async () => {
    await using scene = await roomScene()
    const [ann, ben, cat] = [
      await scene.join('ann'),
      await scene.join('ben'),
      await scene.join('cat')
    ]
    await scene.introductions(ann, ben, cat)
    await cat.peer[Symbol.asyncDispose]()
    for (const { log, of, peer } of [ann, ben]) {
      await log.first((event) => event.event === 'left' && event.name === 'cat')
      assert.equal(of('left').length, 1)
      assert.ok(peer.members.every(({ name }) => name !== 'cat'))
    }
  })
})

describe('a peer', () => {
  it('is known to those who were there within two seconds of its joining', async () => {
    await using scene = await roomScene()
    const [ann, ben] = [await scene.join('ann'), await scene.join('ben')]
    await scene.introductions(ann, ben)
    const startedMs = performance.now()
    const cat = await scene.join('cat')
    await Promise.all([ann.knows('cat'), ben.knows('cat'), cat.knows('ann'), cat.knows('ben')])
    const tookMs = performance.now() - startedMs
    assert.ok(tookMs < 2_000, `${tookMs} ms`)
  })

  it('tells in order: started, its relay, who is there, by which path', async () => {
    await using scene = await roomScene()
    await scene.join('ann')
    const ben = await scene.join('ben')
    await ben.path('ann', 'direct')
    const order = ben.log.events.map(({ event, ...rest }) =>
      'state' in rest ? `${event} ${rest.state}` : event
    )
    assert.deepEqual(
      [...new Set(order)].filter((event) => event !== 'punch'),
      ['started', 'relay connecting', 'relay reserved', 'discovered', 'path']
    )
    const [started] = ben.of('started')
    assert.equal(started?.peerId, ben.peer.peerId)
    assert.match(started?.addresses[0] ?? '', /^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/12D3/)
  })

  it('talks over the relay and never looks for another path when it is told to stay relayed', async () => {
    await using scene = await roomScene()
    const [ann, ben] = [
      await scene.join('ann', { relayedOnly: true }),
      await scene.join('ben', { relayedOnly: true })
    ]
    await scene.introductions(ann, ben)
    countToFive(ann, ben)
    await allHeard(ann, ben)
    for (const { of, peer } of [ann, ben]) {
      assert.deepEqual(of('punch'), [])
      assert.deepEqual(
        of('path').map(({ path }) => path),
        of('path').map(() => 'relayed')
      )
      assert.equal(peer.members[0]?.path, 'relayed')
    }
  })

  it('is told that another one wants to stay relayed, and talks with it over the relay', async () => {
    await using scene = await roomScene()
    const ben = await scene.join('ben')
    const ann = await scene.join('ann', { relayedOnly: true })
    const reason = await ben.log.until(() => ben.peer.members[0]?.reason)
    assert.equal(
      reason,
      'ann does not speak /libp2p/dcutr, so no direct connection can be agreed on'
    )
    countToFive(ann, ben)
    await allHeard(ann, ben)
    assert.deepEqual([ann.peer.members[0]?.path, ben.peer.members[0]?.path], ['relayed', 'relayed'])
  })

  it('is stopped once, however often it is told to, and says so last', async () => {
    await using scene = await roomScene()
    const ann = await scene.join('ann')
    await Promise.all([ann.peer[Symbol.asyncDispose](), ann.peer[Symbol.asyncDispose]()])
    await ann.peer[Symbol.asyncDispose]()
    assert.deepEqual(ann.of('stopped'), [{ event: 'stopped' }])
    assert.equal(ann.log.events.at(-1)?.event, 'stopped')
  })

  it('can come back under its old identity at once, and is new to the others', async () => {
    await using scene = await roomScene()
    const privateKey = await generateKeyPair('Ed25519')
    const ann = await scene.join('ann')
    const before = await scene.join('ben', { privateKey })
    await scene.introductions(ann, before)
    await before.peer[Symbol.asyncDispose]()
    await ann.log.first((event) => event.event === 'left')
    const again = await scene.join('ben', { privateKey })
    await again.knows('ann')
    ann.peer.send('welcome back')
    assert.deepEqual(await again.hears(1), ['ann: welcome back'])
    assert.equal(ann.of('discovered').length, 2)
  })

  it('meets those of its room and no others', async () => {
    await using scene = await roomScene()
    const ann = await scene.join('ann')
    await using eve = await guest([scene.relay.address], 'eve', { room: 'cellar' })
    const ben = await scene.join('ben')
    await scene.introductions(ann, ben)
    ann.peer.send('hello')
    await ben.hears(1)
    assert.deepEqual([eve.peer.members, eve.heard()], [[], []])
  })
})

// When a relay looks at its announced addresses, and what of it the operator is told.
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { startAnnouncedWatch, type AnnouncedWatchInit } from '../../../../relay/announced/watch.ts'
import type { RelayEvent } from '../../../../relay/events.ts'
import { EventLog } from '../../../support/event-log.ts'
import { stagedPeer, stagedRelay, stagedSnapshot } from '../../../support/staged-relay.ts'

const RELAY = {
  ...stagedRelay(() => stagedSnapshot()),
  listening: [`/ip4/192.168.1.5/tcp/45678/p2p/${stagedPeer(0)}`]
}
const EVERYWHERE = ['/ip4/0.0.0.0/tcp/45678']
const refused = async (): Promise<never> => Promise.reject(new Error('connect ECONNREFUSED'))

function watching(test: TestContext, init: Partial<AnnouncedWatchInit>) {
  const log = new EventLog<RelayEvent>()
  const looks = new EventLog<string>()
  const { dial, resolve } = init
  const watch = startAnnouncedWatch(
    {
      relay: RELAY,
      listen: EVERYWHERE,
      announce: [],
      onEvent: log.note,
      everyMs: 1,
      ...init,
      resolve: async (endpoint) => {
        looks.note(`resolve ${endpoint.host} ${endpoint.family}`)
        return (await resolve?.(endpoint)) ?? ['7.7.7.7']
      },
      dial: async (address, signal) => {
        looks.note(`dial ${address.toString()}`)
        await dial?.(address, signal)
      }
    },
    { signal: new AbortController().signal }
  )
  test.after(async () => watch[Symbol.asyncDispose]())
  const lookedAgain = async (times: number): Promise<void> => {
    await looks.until(() => looks.events.length >= times)
  }
  const words = (): string[] =>
    log.events.map((event) => (event.event === 'warning' ? event.message : event.event))
  return { watch, log, looks, lookedAgain, words }
}

describe('the watch over announced addresses', () => {
  it('dials them as a peer would, and says nothing while they lead here', async (t) => {
    const announce = ['/dns4/relay.example/tcp/1', '/ip4/7.7.7.7/tcp/2']
    const { looks, lookedAgain, words } = watching(t, { announce })
    await lookedAgain(6)
    const dials = announce.map((text) => `dial ${text}/p2p/${stagedPeer(0)}`)
    assert.deepEqual(new Set(looks.events), new Set(['resolve relay.example 4', ...dials]))
    assert.deepEqual(words(), [])
  })

  it('says once what is wrong, and again when it was right in between', async (t) => {
    let answers = false
    const { watch, log, lookedAgain, looks, words } = watching(t, {
      announce: ['/ip4/7.7.7.7/tcp/2'],
      dial: async () => (answers ? undefined : refused())
    })
    await log.until(() => words().length > 0)
    await lookedAgain(5)
    assert.deepEqual([words().length, watch.warnings.length], [1, 1])
    assert.match(words()[0] ?? '', /cannot be reached from this machine itself/)
    answers = true
    await looks.until(() => watch.warnings.length === 0)
    answers = false
    await log.until(() => words().length === 2)
  })

  it('neither dials nor resolves what cannot be right as it stands', async (t) => {
    const announce = ['/ip4/203.0.113.7/tcp/1', '/ip4/10.0.0.1/tcp/1']
    const { log, looks, words } = watching(t, { announce })
    await log.until(() => words().length === 2)
    assert.deepEqual(looks.events, [])
  })

  it('tells of a name that leads nowhere, and of one that leads into a private network', async (t) => {
    const nowhere = Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' })
    const { log, looks, words } = watching(t, {
      announce: ['/dns6/gone.example/tcp/1', '/dns/home.example/tcp/1'],
      resolve: async ({ host }) =>
        host === 'gone.example' ? Promise.reject(nowhere) : ['10.0.0.1']
    })
    await log.until(() => words().length === 2)
    assert.match(words()[0] ?? '', /gone\.example cannot be resolved from here \(ENOTFOUND\)/)
    assert.match(words()[1] ?? '', /home\.example leads to 10\.0\.0\.1, which cannot be reached/)
    assert.ok(looks.events.every((look) => look.startsWith('resolve')))
  })

  it('takes no refusal of its own relay for a wrong address', async (t) => {
    const refusals = { ...RELAY.refusals }
    const dial = async (): Promise<void> => {
      refusals.connections++
      return refused()
    }
    const announce = ['/ip4/7.7.7.7/tcp/2']
    const { lookedAgain, words } = watching(t, { announce, dial, relay: { ...RELAY, refusals } })
    await lookedAgain(3)
    assert.deepEqual(words(), [])
  })

  it('tells who announces nothing how to be reached, unless the relay was told where to listen', async (t) => {
    const { log, words } = watching(t, {})
    await log.until(() => words().length > 0)
    assert.match(words()[0] ?? '', /no address of this machine is public/)
    const local = watching(t, { listen: ['/ip4/192.168.1.5/tcp/45678'] })
    await local.watch[Symbol.asyncDispose]()
    assert.deepEqual(local.words(), [])
  })

  it('ends at once while a name is being resolved', async (t) => {
    const { watch, lookedAgain, words } = watching(t, {
      announce: ['/dns4/slow.example/tcp/1'],
      resolve: async () => new Promise(() => {})
    })
    await lookedAgain(1)
    await watch[Symbol.asyncDispose]()
    assert.deepEqual(words(), [])
  })
})

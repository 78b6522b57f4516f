// The lab does what it says: delays, losses, cuts, commands in hosts, and nothing left behind.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { it } from 'node:test'
import { text } from 'node:stream/consumers'
import type { Host } from './host.ts'
import { run } from './machine.ts'
import { Probe } from './probe/probe.ts'
import { twoSites } from './topologies.ts'

const PORT = 4001

it('delays every packet by the ports it passes: 40 ms to the relay and back, 60 ms between the sites', async () => {
  await using lab = await twoSites({ a: { nat: 'none' }, b: { nat: 'none' } })
  const a = new Probe(lab.a)
  await Promise.all([Probe.listening(lab.b, PORT), Probe.listening(lab.relay, PORT)])
  assertAbout(await roundTripMs(a, lab.relay), 40)
  assertAbout(await roundTripMs(a, lab.b), 60)
  await lab.b.setDelay(5)
  assertAbout(await roundTripMs(a, lab.b), 40)
})

it('adds hardly anything behind routers', async () => {
  await using lab = await twoSites({ a: { nat: 'drop' }, b: { nat: 'full-cone' } })
  const a = new Probe(lab.a)
  await Promise.all([Probe.listening(lab.b, PORT), Probe.listening(lab.relay, PORT)])
  assertAbout(await roundTripMs(a, lab.relay), 40)
  assertAbout(await roundTripMs(a, lab.b), 60)
})

it('loses packets silently at a port with loss and at one that is cut, until it is repaired', async () => {
  await using lab = await twoSites({ a: { nat: 'drop' }, b: { nat: 'none' } })
  const a = new Probe(lab.a)
  await Probe.listening(lab.relay, PORT)
  const result = async (): Promise<string> =>
    (await a.ask({ do: 'connect', host: lab.relay.publicAddress, port: PORT, timeoutMs: 300 }))
      .result
  assert.equal(await result(), 'connected')
  await lab.a.setLoss(100)
  assert.equal(await result(), 'timeout')
  await lab.a.setLoss(0)
  assert.equal(await result(), 'connected')
  await lab.relay.cut()
  assert.equal(await result(), 'timeout')
  await lab.relay.restore()
  assert.equal(await result(), 'connected')
})

it('carries a few megabytes a second in full frames', async () => {
  await using lab = await twoSites({ a: { nat: 'drop' }, b: { nat: 'none' } })
  const a = new Probe(lab.a)
  await Probe.listening(lab.relay, PORT)
  const bytes = 5_000_000
  const host = lab.relay.publicAddress
  const { result, ms } = await a.ask({ do: 'send', host, port: PORT, bytes })
  assert.equal(result, 'sent')
  const received = await receivedBy(lab.relay)
  assert.ok(received.bytes / received.packets > 1400, 'frames of the full size arrive')
  assert.ok(bytes / ms > 2000, `${(bytes / ms / 1000).toFixed(1)} MB/s`)
})

it('runs commands in hosts, and a kill reaches the command itself', async () => {
  await using lab = await twoSites({ a: { nat: 'drop' }, b: { nat: 'drop' } })
  assert.match(await lab.a.run('ip', ['addr']), /192\.168\.1\.2/)
  await assert.rejects(lab.a.run('sh', ['-c', 'echo so >&2; exit 3']), /ended with 3: so/)
  const child = lab.a.spawn('sh', ['-c', 'echo $$; exec sleep 1000'], { stdio: 'pipe' })
  const [pid] = await once(child.stdout!, 'data')
  assert.equal(Number(pid), child.pid)
  child.kill('SIGKILL')
  assert.deepEqual(await once(child, 'exit'), [null, 'SIGKILL'])
})

it('keeps networks apart and takes each away with everything in it', async () => {
  const before = livingPids()
  {
    await using one = await twoSites({ a: { nat: 'drop' }, b: { nat: 'rst' } })
    await using two = await twoSites({ a: { nat: 'symmetric' }, b: { nat: 'full-cone' } })
    for (const lab of [one, two]) {
      const child = lab.a.spawn('sh', ['-c', 'sleep 1000 & echo $!; wait'])
      const [grandchild] = await once(child.stdout!, 'data')
      assert.ok(livingPids().includes(Number(grandchild)))
    }
  }
  assert.deepEqual(livingPids(), before)
  assert.equal(await run('ip', ['netns', 'list']), '')
  assert.equal((await run('ip', ['-oneline', 'link'])).match(/^\d+:/gm)?.length, 1, 'lo is left')
})

it('forgets mappings: what was connected through a symmetric NAT is refused under its new port', async () => {
  await using lab = await twoSites({ a: { nat: 'symmetric' }, b: { nat: 'none' } })
  await Probe.listening(lab.relay, PORT)
  const client = lab.a.spawn('socat', ['-d', '-d', '-', `TCP:${lab.relay.publicAddress}:${PORT}`])
  await once(client.stdout!, 'data')
  await lab.a.forgetMappings()
  client.stdin!.write('after the mapping\n')
  assert.match(await text(client.stderr!), /Connection reset by peer/)
})

it('drops packets between two sites and no others, until they pass again', async () => {
  await using lab = await twoSites({ a: { nat: 'drop' }, b: { nat: 'none' } })
  const a = new Probe(lab.a)
  await Promise.all([Probe.listening(lab.relay, PORT), Probe.listening(lab.b, PORT)])
  const result = async (to: Host): Promise<string> =>
    (await a.ask({ do: 'connect', host: to.publicAddress, port: PORT, timeoutMs: 300 })).result
  await lab.a.dropBetween(lab.b)
  assert.deepEqual([await result(lab.b), await result(lab.relay)], ['timeout', 'connected'])
  await lab.a.passAgain()
  assert.equal(await result(lab.b), 'connected')
})

it('renumbers: an open flow is dead through a NAT that keeps ports, and a new one is seen under the other port', async () => {
  await using lab = await twoSites({ a: { nat: 'drop' }, b: { nat: 'none' } })
  await Probe.listening(lab.relay, PORT)
  const target = `TCP:${lab.relay.publicAddress}:${PORT},sourceport=5001,reuseport`
  const client = lab.a.spawn('socat', ['-d', '-d', '-', target])
  await once(client.stdout!, 'data')
  await lab.a.renumber(5001, 6001)
  client.stdin!.write('after the mapping\n')
  assert.match(await text(client.stderr!), /Connection reset by peer/)
  const from = { host: lab.relay.publicAddress, port: PORT, localPort: 5001 }
  const { seenAs } = await new Probe(lab.a).ask({ do: 'connect', ...from })
  assert.equal(seenAs, `${lab.a.publicAddress} 6001`)
})

/** The best of twenty: whatever else the machine does only adds. */
async function roundTripMs(from: Probe, to: Host): Promise<number> {
  let best = Infinity
  for (let n = 0; n < 20; n++) {
    const { ms } = await from.ask({ do: 'connect', host: to.publicAddress, port: PORT })
    best = Math.min(best, ms)
  }
  return best
}

function assertAbout(actualMs: number, expectedMs: number): void {
  assert.ok(Math.abs(actualMs - expectedMs) < 3, `${actualMs} ms instead of ${expectedMs} ms`)
}

async function receivedBy(host: Host): Promise<{ bytes: number; packets: number }> {
  const [link] = JSON.parse(await host.run('ip', ['-json', '-stats', 'link', 'show', 'eth0']))
  return link.stats64.rx
}

function livingPids(): number[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger)
  return pids.filter((pid) => {
    try {
      return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
    } catch {
      return false // it has just ended
    }
  })
}

// The box passes on what a command says and how it ends, and takes everything with it, however it ends.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { exitCode } from './box.ts'

const RUN = fileURLToPath(new URL('run.ts', import.meta.url))
const TOPOLOGIES = new URL('topologies.ts', import.meta.url).href

/** Builds a network with something running in it, says so, and stays. */
const HOLD = `
  const { twoSites } = await import(${JSON.stringify(TOPOLOGIES)})
  const lab = await twoSites({ a: { nat: 'drop' }, b: { nat: 'symmetric' } })
  lab.a.spawn('sleep', ['1000'])
  console.log('built')`

describe('the box', () => {
  it('passes on input, output and the exit code', async () => {
    const box = start(['sh', '-c', 'read line; echo "got $line"; echo aside >&2; exit 7'])
    box.stdin!.end('a line\n')
    const [out, aside, code] = await Promise.all([
      text(box.stdout!),
      text(box.stderr!),
      exitCode(box)
    ])
    assert.deepEqual([out, aside, code], ['got a line\n', 'aside\n', 7])
  })

  it('has its own processes and interfaces', async () => {
    const box = start(['sh', '-c', 'ip -oneline link | wc -l; ls -d /proc/[0-9]* | wc -l'])
    const [interfaces, processes] = (await text(box.stdout!)).trim().split('\n').map(Number)
    assert.equal(interfaces, 1)
    assert.ok(processes! < 6, `${processes} processes`)
  })

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`passes on ${signal}, and the command may end in its own way`, async () => {
      const command = `trap 'echo bye; exit 5' ${signal.slice(3)}; echo ready; while :; do sleep 0.01; done`
      const box = start(['sh', '-c', command])
      await once(box.stdout!, 'data')
      box.kill(signal)
      assert.equal(await text(box.stdout!), 'bye\n')
      assert.equal(await exited(box), 5)
    })
  }

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const) {
    it(`leaves nothing after ${signal}`, async (t) => {
      const mark = randomUUID()
      const box = start([process.execPath, '--input-type=module', '--eval', HOLD], { MARK: mark })
      t.after(() => box.kill('SIGKILL'))
      await once(box.stdout!, 'data')
      assert.ok(processesWith(mark) > 5, 'the network is there')
      box.kill(signal)
      await exited(box)
      await noneLeft(mark)
    })
  }
})

describe('a machine that cannot', () => {
  it('is told why in one line', async () => {
    const box = start(['true'], { PATH: '/nowhere', CI: '' })
    const [out, code] = await Promise.all([text(box.stdout!), exitCode(box)])
    assert.match(out, /^NAT lab left out: not installed: setpriv, unshare, .+\n$/)
    assert.equal(code, 0)
  })

  it('fails in CI', async () => {
    assert.equal(await exitCode(start(['true'], { PATH: '/nowhere', CI: 'true' })), 1)
  })
})

function start(command: string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(process.execPath, [RUN, '--', ...command], { env: { ...process.env, ...env } })
}

/** The exit code, also when it has ended already. */
async function exited(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return child.exitCode
}

async function noneLeft(mark: string): Promise<void> {
  const deadlineMs = Date.now() + 5_000
  while (processesWith(mark) > 0) {
    assert.ok(Date.now() < deadlineMs, `${processesWith(mark)} processes are left`)
    await sleep(10)
  }
}

/** What a box started carries its environment; a zombie has none. */
function processesWith(mark: string): number {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`MARK=${mark}`)
    } catch {
      return false // it has just ended
    }
  }).length
}

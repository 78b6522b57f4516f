#!/usr/bin/env node
// The program `parley-relay`: the process's arguments, signals, streams and exit code, and nothing else.
// Everything but the version check is loaded later, because an older Node could not even parse it; and SIGHUP ends a
// process that does not listen yet.
import { constants } from 'node:os'
import { join } from 'node:path'
import { nodeVersionProblem } from '../shared/node-version.ts'
import type { RelayProgram } from './program.ts'
import { ReloadRequests } from './reload-requests.ts'

const problem = nodeVersionProblem(process.versions.node)
if (problem !== undefined) process.stderr.write(`${problem}\n`)
process.exitCode = problem === undefined ? await main() : 1

async function main(): Promise<number> {
  const reloads = new ReloadRequests()
  process.on('SIGHUP', reloads.ask)
  const { Output } = await import('./output.ts')
  const { openFilesOf } = await import('./open-files.ts')
  const { runRelay } = await import('./program.ts')
  const { peerCommand } = await import('./peer-command.ts')
  const { version } = await import('../shared/version.ts')
  const stopping = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      // As a shell counts: neither done nor failed, but ended by somebody's hand.
      if (stopping.signal.aborted) process.exit(128 + constants.signals[name])
      stopping.abort()
    })
  }
  // A relay goes on when nobody reads what it prints any more.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  const argv = process.argv.slice(2)
  const output = new Output({
    argv,
    env: process.env,
    print: (text) => process.stdout.write(text),
    say: (text) => process.stderr.write(text)
  })
  const program = {
    argv,
    env: process.env,
    platform: process.platform,
    version,
    maxOpenFiles: openFilesOf(process.report.getReport()),
    peerCommand: peerCommand(join(import.meta.dirname, '..')),
    stopping: stopping.signal,
    signal: new AbortController().signal,
    onReload: reloads.onAsked,
    output
  } satisfies RelayProgram
  process.on('uncaughtException', (error) => process.exit(output.fail(error)))
  // Node's own listener writes text, whatever was asked for.
  process.removeAllListeners('warning').on('warning', (warning) => output.warning(warning))
  const code = await runRelay(program)
  // A handle that somebody forgot must not keep a program alive that has stopped.
  setTimeout(() => process.exit(code), 200).unref()
  return code
}

// The program `parley`: the process's arguments, signals, streams and exit code, and nothing else.
// Everything but the version check is loaded later, because an older Node could not even parse it.
import { nodeVersionProblem } from '../shared/node-version.ts'

const problem = nodeVersionProblem(process.versions.node)
if (problem === undefined) process.exitCode = await main()
else {
  process.stderr.write(`${problem}\n`)
  process.exitCode = 1
}

async function main(): Promise<number> {
  const { dispatch } = await import('./commands/dispatch.ts')
  const { openTerminal } = await import('./terminal/prompt.ts')
  const { version } = await import('../shared/version.ts')
  const leaving = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (leaving.signal.aborted) process.exit(1)
      leaving.abort()
    })
  }
  // Whoever read our output has enough (`parley chat | head -1`): leave as if asked to.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => leaving.abort())
  process.on('uncaughtException', (error) => {
    process.stderr.write(`parley failed unexpectedly: ${String(error)}\n`)
    process.exit(1)
  })
  const code = await dispatch({
    argv: process.argv.slice(2),
    env: process.env,
    execPath: process.execPath,
    nodeVersion: process.versions.node,
    platform: process.platform,
    version,
    signal: leaving.signal,
    terminal: openTerminal({
      input: process.stdin,
      output: process.stdout,
      errors: process.stderr
    }),
    startPeer: async (config, options) => (await import('./peer.ts')).startPeer(config, options)
  })
  // A handle that somebody forgot must not keep a program alive that has said goodbye.
  setTimeout(() => process.exit(code), 200).unref()
  return code
}

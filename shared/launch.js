// Starts a program under whatever Node there is. Plain JavaScript: a Node that is too old cannot load TypeScript,
// and would answer with a stack trace where one sentence helps.

/** Calls `load`, which imports a `main.ts`; says which Node is needed when this one cannot read it. */
export function launch(load) {
  return load().catch((error) => {
    if (error.code !== 'ERR_UNKNOWN_FILE_EXTENSION') throw error
    process.stderr.write(
      `parley needs Node 24.19 or newer and this is Node ${process.versions.node}: install a newer one from https://nodejs.org, or in a checkout run "npm ci" and then "npx node" in place of "node"\n`
    )
    process.exitCode = 1
  })
}

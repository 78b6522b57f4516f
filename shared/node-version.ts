// Which Node the programs need. Imports nothing, so that `main.ts` can ask before anything else is loaded. (pure)

const NEEDED = { major: 24, minor: 19 }

/** One sentence when this version (`process.versions.node`) is too old or unreadable, else undefined. */
export function nodeVersionProblem(version: string): string | undefined {
  const match = /^v?(\d+)\.(\d+)\./.exec(version)
  const major = Number(match?.[1])
  const minor = Number(match?.[2])
  if (major > NEEDED.major || (major === NEEDED.major && minor >= NEEDED.minor)) return undefined
  return `parley needs Node ${NEEDED.major}.${NEEDED.minor} or newer and this is Node ${version}: install a newer one from https://nodejs.org, or in a checkout run "npm ci" and then "npx node" in place of "node"`
}

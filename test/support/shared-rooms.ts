// Relay programs that keep their rooms in one Redis.
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { freePort } from './relay-at.ts'
import { type RunningProgram, start } from './program.ts'
import { scratchFolder } from './scratch.ts'

export interface SharingRelay {
  program: RunningProgram
  address: string
  /** Again at the same port, as the same relay; resolves when it serves. */
  restart(): Promise<SharingRelay>
  /** What it has told of that kind, as it printed it. */
  told(event: string): Array<Record<string, unknown>>
  /** Resolves when it has told of that. */
  tells(event: string, fields: Record<string, unknown>): Promise<void>
}

/** On a port of its own, unless one is given; `env`: beside the variables of those. */
export async function sharingRelay(
  test: TestContext,
  rooms: string,
  {
    port,
    announce,
    env = {}
  }: { port?: number; announce?: string; env?: Record<string, string> } = {}
): Promise<SharingRelay> {
  const identity = join(scratchFolder(test), 'relay.key')
  const variables = { PARLEY_ROOMS: rooms, PARLEY_ANNOUNCE: announce ?? '', ...env }
  return startAt(test, variables, identity, port ?? (await freePort()))
}

async function startAt(
  test: TestContext,
  env: Record<string, string>,
  identity: string,
  port: number
): Promise<SharingRelay> {
  const options = ['--json', '--listen', `/ip4/127.0.0.1/tcp/${port}`, '--identity', identity]
  const program = start(test, ['relay/main.ts', ...options], { env })
  await program.shows('stdout', /"listening".*\n/)
  const told = (event: string): Array<Record<string, unknown>> =>
    program.stdout
      .split('\n')
      .slice(0, -1)
      .map((line): Record<string, unknown> => JSON.parse(line))
      .filter((each) => each['event'] === event)
  const [{ addresses } = {}] = told('listening')
  return {
    program,
    address: Array.isArray(addresses) ? String(addresses[0]) : '',
    restart: async () => startAt(test, env, identity, port),
    told,
    tells: async (event, fields) => {
      const fits = (each: Record<string, unknown>): boolean =>
        Object.entries(fields).every(([name, value]) => each[name] === value)
      while (!told(event).some(fits)) await program.shows('stdout', nextAfter(program.stdout))
    }
  }
}

/** Matches once there is another line. */
const nextAfter = (text: string): RegExp => new RegExp(`^[^]{${text.length}}[^]*\\n`)

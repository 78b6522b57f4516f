// Where the demo is played: how its programs are started there, and which of the relay's addresses its peers dial.
import { spawn } from 'node:child_process'
import type { Launch } from './cast.ts'

export interface Scene extends AsyncDisposable {
  /** One sentence for the audience. */
  words: string
  /** With NATs between them peers begin relayed; without, an ordinary dial may be direct before that. */
  hasNats: boolean
  launch: Launch
  /** What the relay listens on. */
  listen: string[]
  relayAddress: (addresses: string[]) => string | undefined
}

/** Everything on this machine. `environment` is what the programs see. */
export function loopbackScene(
  reason: string,
  environment: Record<string, string | undefined>
): Scene {
  return {
    words: `on loopback, without NATs (${reason})`,
    hasNats: false,
    launch: (_role, args, env) =>
      spawn(process.execPath, args, { env: { ...environment, ...env } }),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    relayAddress: ([first]) => first,
    async [Symbol.asyncDispose]() {}
  }
}

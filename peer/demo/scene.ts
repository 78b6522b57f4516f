// Where the demo is played: how its programs are started there, and which of the relay's addresses its peers dial.
import { spawn } from 'node:child_process'
import type { Launch } from './cast.ts'

export interface Scene extends AsyncDisposable {
  /** One sentence for the audience. */
  words: string
  /** With NATs between them only a punch makes peers direct; without, an ordinary dial does. */
  hasNats: boolean
  launch: Launch
  /** What the relay listens on. */
  listen: string[]
  relayAddress: (addresses: string[]) => string | undefined
}

/** Everything on this machine: run by that Node, with what that environment says. */
export function loopbackScene(
  reason: string,
  node: { execPath: string; env: Record<string, string | undefined> }
): Scene {
  return {
    words: `on loopback, without NATs (${reason})`,
    hasNats: false,
    launch: (_role, args, env) => spawn(node.execPath, args, { env: { ...node.env, ...env } }),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    relayAddress: ([first]) => first,
    async [Symbol.asyncDispose]() {}
  }
}

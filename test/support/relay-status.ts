// The status page of a relay in a test: on a port of its own, checking itself quickly, and asked over HTTP.
import type { RelayEvent } from '../../relay/events.ts'
import type { Relay } from '../../relay/relay.ts'
import type { CheckPace } from '../../relay/status/readiness.ts'
import { startStatus } from '../../relay/status/status.ts'

/** Longer than anything here takes. */
const PATIENCE_MS = 15_000

export interface StatusScene extends AsyncDisposable {
  url: string
  events: RelayEvent[]
  show(relay: Relay, warnings?: () => readonly string[]): Promise<void>
  get(path: string, init?: RequestInit): Promise<{ status: number; text: string; headers: Headers }>
}

export async function statusScene(pace: Partial<CheckPace> = {}): Promise<StatusScene> {
  const events: RelayEvent[] = []
  const config = {
    endpoint: { host: '127.0.0.1', port: 0 },
    onEvent: (event: RelayEvent) => void events.push(event),
    pace
  }
  const status = await startStatus(config, { signal: new AbortController().signal })
  return {
    url: status.url,
    events,
    show: async (relay, warnings) => status.show(relay, warnings),
    get: async (path, init = {}) => {
      const signal = AbortSignal.timeout(PATIENCE_MS)
      const response = await fetch(new URL(path, status.url), { signal, ...init })
      return { status: response.status, text: await response.text(), headers: response.headers }
    },
    [Symbol.asyncDispose]: async () => status[Symbol.asyncDispose]()
  }
}

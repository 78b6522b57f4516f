// One connection to Redis: runs scripts, each with a deadline, and ends at the first sign that it is of no use.
import { createHash } from 'node:crypto'
import { createClient, ErrorReply, RESP_TYPES } from '@redis/client'
import { asError } from '../../../shared/as-error.ts'
import { deadline } from '../../../shared/deadline.ts'

/** A server in the same data centre answers within a millisecond; one that saves its data stalls for a second. */
export const ANSWER_MS = 5_000

/** Scripts under way: their replies may take 256 KiB each. More are refused at once. */
const MAX_UNDER_WAY = 200

export type Argument = string | Uint8Array

/** Redis answered that it cannot do this: the connection is as good as before. */
export class RefusedByRedis extends Error {
  override name = 'RefusedByRedis'
}

export interface RedisSession {
  /** Aborts when the connection is of no use any more; its reason says why. */
  readonly ended: AbortSignal
  /**
   * Bulk strings are buffers. Rejects within 5 s; a failure other than RefusedByRedis ends the session. `urgent`: not
   * refused because many others are under way; for what no remote can ask for often.
   */
  run(script: string, args: readonly Argument[], options?: { urgent?: boolean }): Promise<unknown[]>
  end(why: Error): void
}

/** Connects and logs in. Rejects with what went wrong. */
export async function openSession(url: string, signal: AbortSignal): Promise<RedisSession> {
  using limit = deadline(signal, ANSWER_MS, `no answer within ${ANSWER_MS / 1000} s`)
  const client = newClient(url)
  const ended = new AbortController()
  const end = (why: Error): void => {
    if (ended.signal.aborted) return
    ended.abort(why)
    signal.removeEventListener('abort', stop)
    if (client.isOpen) client.destroy()
  }
  const stop = (): void => end(new Error('the relay stops'))
  const late = Promise.withResolvers<never>()
  limit.signal.addEventListener('abort', () => late.reject(limit.signal.reason), { once: true })
  client.on('error', (error: Error) => end(error))
  client.on('end', () => end(new Error('the connection closed')))
  signal.addEventListener('abort', stop, { once: true })
  try {
    signal.throwIfAborted()
    await Promise.race([client.connect(), late.promise])
    ended.signal.throwIfAborted()
  } catch (error) {
    end(asError(error))
    throw ended.signal.reason
  }
  return { ended: ended.signal, end, run: runner(client, ended.signal, end) }
}

type Client = ReturnType<typeof newClient>

function newClient(url: string) {
  return createClient({
    url,
    // The older of the two: every server that is called Redis or Valkey speaks it.
    RESP: 2,
    name: 'parley-relay',
    // Its reconnecting keeps commands for later and never looks whether the data is still the same: the store does it.
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    socket: { reconnectStrategy: false, connectTimeout: ANSWER_MS },
    commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } }
  })
}

function runner(
  client: Client,
  ended: AbortSignal,
  end: (why: Error) => void
): RedisSession['run'] {
  let underWay = 0
  return async (script, args, { urgent = false } = {}) => {
    ended.throwIfAborted()
    if (underWay >= MAX_UNDER_WAY && !urgent) throw new RefusedByRedis('too many requests at once')
    underWay++
    const { promise: late, reject } = Promise.withResolvers<never>()
    const timer = setTimeout(() => {
      const why = new Error(`no answer within ${ANSWER_MS / 1000} s`)
      reject(why)
      end(why)
    }, ANSWER_MS)
    try {
      return list(await Promise.race([evaluate(client, script, args), late]))
    } catch (error) {
      if (error instanceof ErrorReply) throw new RefusedByRedis(error.message, { cause: error })
      end(asError(error))
      throw error
    } finally {
      clearTimeout(timer)
      underWay--
    }
  }
}

async function evaluate(
  client: Client,
  script: string,
  args: readonly Argument[]
): Promise<unknown> {
  const rest = ['0', ...args.map((each) => (typeof each === 'string' ? each : Buffer.from(each)))]
  try {
    return await client.sendCommand(['EVALSHA', digestOf(script), ...rest])
  } catch (error) {
    if (!(error instanceof ErrorReply) || !error.message.startsWith('NOSCRIPT')) throw error
    return client.sendCommand(['EVAL', script, ...rest])
  }
}

const digests = new Map<string, string>()

function digestOf(script: string): string {
  const known = digests.get(script)
  if (known !== undefined) return known
  const digest = createHash('sha1').update(script).digest('hex')
  digests.set(script, digest)
  return digest
}

function list(reply: unknown): unknown[] {
  if (Array.isArray(reply)) return reply
  throw new RefusedByRedis('an answer that is no list')
}

// A relay while somebody means it harm: it stays up, a circuit that is none of that one's business loses nothing, others
// get in afterwards, and memory comes back to where it was.
import assert from 'node:assert/strict'
import { CircuitStatus } from '../../shared/wire/circuit.ts'
import { startEcho, type EchoResult } from './circuit-echo.ts'
import { reserveRequest } from './raw-circuit.ts'
import { guest, statusOf } from './relay-guests.ts'
import type { RelayProcess } from './relay-process.ts'
import { eventually } from './eventually.ts'
import { needs } from './left-out.ts'

/** From where harm is done, so that what is limited by host does not hit the others. All of Linux's 127.0.0.0/8 is its own. */
export const HOSTILE_HOST = '127.0.0.2'
/** For `skip`. */
export const NO_SECOND_HOST = needs(
  process.platform === 'linux',
  'this system has no second address of loopback'
)

/** Code that was compiled meanwhile, lists that grew and were emptied. */
const SLACK_BYTES = 6_000_000
/** What a small host has, with room for the system: never to be passed, not even for a moment. */
const MAX_PEAK_BYTES = 400_000_000
/** A machine that is busy with other tests stands still for seconds; a circuit that waits for an attack to end does for longer. */
const MAX_ECHO_MS = 8_000

export async function endures(
  relay: RelayProcess,
  attack: (relay: RelayProcess) => Promise<void>
): Promise<EchoResult> {
  const echo = await startEcho(relay)
  // The first of all, so that little and little is not too much in the end.
  const before = (relay.baseline ??= await relay.weigh())
  await attack(relay)
  assert.ok(relay.running, relay.program.stderr)
  const echoed = await echo.stop()
  assert.ok(echoed.longestMs < MAX_ECHO_MS, `one echo took ${echoed.longestMs} ms`)
  const other = await guest(relay)
  assert.equal(await statusOf(other, reserveRequest()), CircuitStatus.OK)
  await other.node.stop()
  const after = await eventually(
    async () => relay.weigh(),
    ({ liveBytes }) => liveBytes <= before.liveBytes + SLACK_BYTES
  )
  assert.ok(after.peakBytes < MAX_PEAK_BYTES, `it has taken ${after.peakBytes} bytes`)
  assert.equal(relay.program.stderr, '')
  return echoed
}

// Reservations at a relay that wants a secret: what is asked in which order, and how often.
import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { describe, it } from 'node:test'
import type { Stream } from '@libp2p/interface'
import { lpStream, streamPair } from '@libp2p/utils'
import { enter, renew } from '../../../../peer/reservations/entry.ts'
import {
  ACCESS_PROTOCOL,
  AccessStatus,
  encodeChallenge,
  encodeVerdict
} from '../../../../shared/wire/access.ts'
import { CircuitStatus, encodeHop, HOP_PROTOCOL } from '../../../../shared/wire/circuit.ts'
import { somebody } from '../../../support/somebody.ts'

const { OK, PERMISSION_DENIED, RESERVATION_REFUSED } = CircuitStatus
const SECRET = createSecretKey(Buffer.from('correct horse battery'))
const self = await somebody()
const remotePeer = await somebody()

/** Gives those answers to reservations and to proofs, one after the other, and notes what it was asked. */
function relay({ hop, access }: { hop: number[]; access: number[] }) {
  const asked: string[] = []
  const answer = async (protocol: string, stream: Stream): Promise<void> => {
    const frames = lpStream(stream)
    if (protocol === ACCESS_PROTOCOL) await frames.write(encodeChallenge(new Uint8Array(32)))
    await frames.read()
    asked.push(protocol === HOP_PROTOCOL ? 'reserve' : 'prove')
    const status = (protocol === HOP_PROTOCOL ? hop : access).shift() ?? assert.fail('too often')
    const reservation = { expireSeconds: 1_800_000_000, addresses: [] }
    const granted = status === OK ? { reservation } : {}
    await frames.write(
      protocol === HOP_PROTOCOL
        ? encodeHop({ type: 'STATUS', status, ...granted })
        : encodeVerdict(status)
    )
  }
  const newStream = async (protocols: string | string[]): Promise<Stream> => {
    const [ours, theirs] = await streamPair()
    void answer(String(protocols), theirs).catch(() => undefined)
    return ours
  }
  return { asked, connection: { remotePeer, newStream } }
}

const options = (secrets = [SECRET]) => ({ self, secrets, signal: AbortSignal.timeout(5000) })

describe('a peer that comes to a relay', () => {
  it('proves its secret first, and then has a place', async () => {
    const { asked, connection } = relay({ hop: [OK], access: [AccessStatus.OK] })
    assert.ok((await enter(connection, options())).granted)
    assert.deepEqual(asked, ['prove', 'reserve'])
  })

  it('without a secret asks for a place and nothing else', async () => {
    const { asked, connection } = relay({ hop: [PERMISSION_DENIED], access: [] })
    const answer = await enter(connection, options([]))
    assert.deepEqual(answer, { granted: false, status: PERMISSION_DENIED, secret: 'unwanted' })
    assert.deepEqual(asked, ['reserve'])
  })

  it('learns what was wrong with its secret, and does not insist', async () => {
    const { asked, connection } = relay({
      hop: [PERMISSION_DENIED],
      access: [AccessStatus.WRONG_SECRET]
    })
    const answer = await enter(connection, options())
    assert.deepEqual(answer, { granted: false, status: PERMISSION_DENIED, secret: 'wrong' })
    assert.deepEqual(asked, ['prove', 'reserve'])
  })

  it('asks once more where the relay had looked at the reservation before the proof', async () => {
    const { asked, connection } = relay({
      hop: [PERMISSION_DENIED, OK],
      access: [AccessStatus.OK]
    })
    assert.ok((await enter(connection, options())).granted)
    assert.deepEqual(asked, ['prove', 'reserve', 'reserve'])
  })

  it('takes another refusal for what it is', async () => {
    const { connection } = relay({
      hop: [RESERVATION_REFUSED],
      access: [AccessStatus.WRONG_SECRET]
    })
    const answer = await enter(connection, options())
    assert.deepEqual(answer, { granted: false, status: RESERVATION_REFUSED })
  })
})

describe('a peer that renews its reservation', () => {
  it('proves nothing again', async () => {
    const { asked, connection } = relay({ hop: [OK], access: [] })
    assert.ok((await renew(connection, options())).granted)
    assert.deepEqual(asked, ['reserve'])
  })

  it('proves its secret where the relay has come to want one meanwhile', async () => {
    const { asked, connection } = relay({ hop: [PERMISSION_DENIED, OK], access: [AccessStatus.OK] })
    assert.ok((await renew(connection, options())).granted)
    assert.deepEqual(asked, ['reserve', 'prove', 'reserve'])
  })

  it('and has no secret asks once', async () => {
    const { asked, connection } = relay({ hop: [PERMISSION_DENIED], access: [] })
    assert.ok(!(await renew(connection, options([]))).granted)
    assert.deepEqual(asked, ['reserve'])
  })
})

// How a stream is refused.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { streamPair } from '@libp2p/utils'
import { readFrames } from '../../../../peer/conversation/frames.ts'
import { serveChat } from '../../../../peer/conversation/inbound.ts'
import { CONVERSATION_TIMING } from '../../../../peer/conversation/timing.ts'
import { CHAT_LIMITS, decodeChatFrame, encodeChatFrame } from '../../../../shared/wire/chat.ts'
import { helloOf } from '../../../support/raw-member.ts'

for (const [what, letter] of Object.entries({ long: 'x', 'long in bytes only': '錯' })) {
  test(`a reason that is too ${what} is cut to what a frame takes`, async () => {
    const [ours, theirs] = await streamPair()
    const signal = AbortSignal.timeout(10_000)
    const reason = letter.repeat(CHAT_LIMITS.maxReasonBytes)
    const served = serveChat(theirs, {
      timing: CONVERSATION_TIMING,
      signal,
      hello: () => ({ ok: false, reason }),
      accept: async () => assert.fail(),
      synced: async () => undefined,
      bye: () => assert.fail()
    })
    ours.send(encodeChatFrame(helloOf('ann')))
    const limits = { maxFrameBytes: CHAT_LIMITS.maxFrameBytes, frameTimeoutMs: 5_000, signal }
    const { value } = await readFrames(ours, limits).next()
    const [bytes] = value ?? []
    const width = Buffer.byteLength(letter)
    const fitting = letter.repeat(Math.floor(CHAT_LIMITS.maxReasonBytes / width))
    assert.deepEqual(decodeChatFrame(bytes ?? assert.fail()), { kind: 'bye', reason: fitting })
    assert.equal((await served)?.message, reason)
  })
}

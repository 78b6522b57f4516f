// Peer ids as operators write them.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parsePeers } from '../../../../relay/access/peers.ts'

const ID = '12D3KooWEHUQf4tPKh6TeSX5WdAhMP5xmtLXQDAeWrfUW8TLKvvv'

describe('a list of peers', () => {
  it('has peer ids in either of their forms, and gives the usual one', () => {
    const cid = 'bafzaajaiaejcbzdibmxyzdjbbehgvizh6g5tikvy47mshdy6gwbruvgwvd24seje'
    const rsa = 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N'
    assert.deepEqual(parsePeers([ID, rsa], 'x'), [ID, rsa])
    const [fromCid = ''] = parsePeers([cid], 'x')
    assert.match(fromCid, /^12D3KooW/)
    assert.deepEqual(parsePeers([], 'x'), [])
  })

  for (const wrong of ['', 'ann', ID.slice(1), `${ID}x`, `/p2p/${ID}`, '1', 'bafz', 'Qm😀']) {
    it(`does not have ${JSON.stringify(wrong)}`, () => {
      assert.throws(() => parsePeers([ID, wrong], '"deny" in relay.yaml, line 3,'), {
        name: 'UsageError',
        message: `"${wrong}" of "deny" in relay.yaml, line 3, is no peer id: copy what "parley id" prints at the peer`
      })
    })
  }
})

// Whether one port can listen and dial here, and what is said when it cannot.
import assert from 'node:assert/strict'
import net from 'node:net'
import { describe, it } from 'node:test'
import { bindBeside, probePortReuse } from '../../../../shared/transport/port-reuse.ts'

function refusing(): never {
  throw new Error('bind ENOTSUP')
}

describe('the probe for port reuse', () => {
  it('finds what a second socket on one port finds', () => {
    const first = new net.BoundSocket({ host: '127.0.0.1', port: 0, reusePort: true })
    const second = bindBeside('127.0.0.1', first.address().port)
    assert.equal(second.address().port, first.address().port)
    first.close()
    second.close()
    assert.deepEqual(probePortReuse(), { available: true })
  })

  it('says in words that the Node is too old', (t) => {
    const { BoundSocket } = net
    t.after(() => Object.assign(net, { BoundSocket }))
    Object.assign(net, { BoundSocket: undefined })
    const probed = probePortReuse()
    assert.equal(probed.available, false)
    assert.match(probed.available ? '' : probed.reason, /^this Node has no net\.BoundSocket/)
  })

  it('says in words that the platform refuses, and what follows from that', (t) => {
    const { BoundSocket } = net
    t.after(() => Object.assign(net, { BoundSocket }))
    Object.assign(net, { BoundSocket: refusing })
    const probed = probePortReuse()
    assert.equal(probed.available, false)
    const reason = probed.available ? '' : probed.reason
    assert.match(reason, /this platform does not let one port listen and dial \(bind ENOTSUP\)/)
    assert.match(reason, /paths stay relayed unless a peer is reachable without a punch$/)
  })

  for (const [what, refuses] of [
    ['when the second one fails', true],
    ['when all is well', false]
  ] as const) {
    it(`leaves no socket behind ${what}`, (t) => {
      const { BoundSocket } = net
      t.after(() => Object.assign(net, { BoundSocket }))
      const open = new Set<object>()
      let bound = 0
      Object.assign(net, {
        BoundSocket: class {
          constructor() {
            bound += 1
            if (refuses && bound === 2) throw new Error('bind EADDRINUSE')
            open.add(this)
          }
          address(): { port: number } {
            return { port: 1 }
          }
          close(): void {
            open.delete(this)
          }
        }
      })
      assert.equal(probePortReuse().available, !refuses)
      assert.deepEqual([bound, open.size], [2, 0])
    })
  }
})

// The message of /parley/report/1.0.0 as bytes.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeReport, encodeReport, ReportMessageError } from '../../../../shared/wire/report.ts'

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))

describe('a report of a punch', () => {
  const report = { outcome: 'failed', ownPort: 'kept', remotePort: 'changed' } as const

  it('is these bytes', () => {
    assert.deepEqual(encodeReport(report), hex('080210011802'))
    const direct = { outcome: 'direct', ownPort: 'unknown', remotePort: 'unknown' } as const
    assert.deepEqual(encodeReport(direct), hex('080110001800'))
    assert.deepEqual(decodeReport(hex('080210011802')), report)
  })

  it('may have fields and kinds of ports that come later', () => {
    const later = { outcome: 'direct', ownPort: 'unknown', remotePort: 'unknown' }
    assert.deepEqual(decodeReport(hex('08011063188f7f2203616263')), later)
    assert.deepEqual(decodeReport(hex('0801')), later)
  })

  for (const [what, bytes] of [
    ['without an outcome', '10011801'],
    ['with an outcome that nobody knows', '0803'],
    ['cut in the middle', '08021001 18'],
    ['of another wire type', '0a0101']
  ] as const) {
    it(`is none ${what}`, () => {
      assert.throws(() => decodeReport(hex(bytes.replace(' ', ''))), ReportMessageError)
    })
  }
})

// What a peer tells of its NAT, as bytes; and what others may send in its place.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assert as holds, property, uint8Array } from 'fast-check'
import {
  decodeNatReport,
  encodeNatReport,
  MAX_NAT_REPORT_BYTES,
  MAX_PROOFS,
  MAX_SEEN_PORTS,
  type NatReport
} from '../../../../shared/wire/nat-report.ts'

const RANDOM: NatReport = {
  mapping: 'address-and-port-dependent',
  ports: 'random',
  filtering: 'drop',
  seenPorts: [40_001, 1_025],
  hosts: 1,
  sockets: 384,
  proofs: []
}

const proof = (bytes: number): NatReport['proofs'][number] => ({
  relay: new Uint8Array(38).fill(1),
  salt: new Uint8Array(16).fill(2),
  reflection: new Uint8Array(bytes).fill(3)
})

const bytes = (hex: string): Uint8Array =>
  new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'))

describe('the report of a NAT', () => {
  it('has these bytes', () => {
    const encoded = encodeNatReport({ ...RANDOM, ports: 'sequential', step: -2 })
    assert.equal(Buffer.from(encoded).toString('hex'), '080410031803200228c1b8022881083001388003')
  })

  it('comes back as it was, proofs and a countdown included', () => {
    const report: NatReport = { ...RANDOM, ports: 'sequential', step: -2, proofs: [proof(120)] }
    assert.deepEqual(decodeNatReport(encodeNatReport(report)), report)
  })

  it('keeps the youngest ports, and as many proofs as fit', () => {
    const seenPorts = Array.from({ length: MAX_SEEN_PORTS + 4 }, (_, n) => 2_000 + n)
    const many = encodeNatReport({ ...RANDOM, seenPorts, proofs: Array(9).fill(proof(600)) })
    const read = decodeNatReport(many)
    assert.deepEqual(read?.seenPorts, seenPorts.slice(4))
    assert.equal(read?.proofs.length, 2)
    assert.ok(many.byteLength <= MAX_NAT_REPORT_BYTES)
  })

  it('takes words that it does not know yet for nothing known', () => {
    const read = decodeNatReport(bytes('0863 1063 2063'))
    assert.deepEqual(
      [read?.mapping, read?.ports, read?.filtering],
      ['unknown', 'unknown', 'unknown']
    )
  })

  for (const [what, hex] of [
    ['port 0', '2800'],
    ['port 65536', '28 808004'],
    ['a sequence without a step', '1003'],
    ['a sequence that stands still', '1003 1800'],
    ['bytes where a number belongs', '0a0101'],
    ['a proof that ends in the middle', '4205 0a'],
    [`more than ${MAX_SEEN_PORTS} ports`, '2801'.repeat(MAX_SEEN_PORTS + 1)],
    [`more than ${MAX_PROOFS} proofs`, '4200'.repeat(MAX_PROOFS + 1)],
    ['a salt of 33 bytes', `4223 1221${'00'.repeat(33)}`],
    ['more bytes than there may be', '2801'.repeat(MAX_NAT_REPORT_BYTES)]
  ] as const) {
    it(`is none with ${what}`, () => assert.equal(decodeNatReport(bytes(hex)), undefined))
  }

  it('claims no more sockets than there are ports', () => {
    assert.equal(decodeNatReport(bytes('38 ffffffffffffffff7f'))?.sockets, 65_536)
  })

  it('is read or refused, whatever the bytes', () => {
    holds(property(uint8Array({ maxLength: 200 }), (any) => void decodeNatReport(any)))
  })
})

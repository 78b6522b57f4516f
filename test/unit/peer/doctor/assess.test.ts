// What the doctor makes of what was measured: verdicts, sentences, and what to do.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assessExpiry, assessTold } from '../../../../peer/doctor/assess/clock.ts'
import { assessIpv6 } from '../../../../peer/doctor/assess/ipv6.ts'
import { assessLargePackets } from '../../../../peer/doctor/assess/large-packets.ts'
import {
  assessNetwork,
  assessNode,
  assessPortReuse,
  assessState
} from '../../../../peer/doctor/assess/machine.ts'
import { assessNat } from '../../../../peer/doctor/assess/nat.ts'
import { assessPortMapping } from '../../../../peer/doctor/assess/port-mapping.ts'
import {
  assessRefused,
  assessRelay,
  assessReserved,
  assessUnreached,
  median,
  noRelay,
  place
} from '../../../../peer/doctor/assess/relay.ts'
import type { Finding, Verdict } from '../../../../peer/doctor/finding.ts'
import { hairpinTarget, withHairpin } from '../../../../peer/nat/hairpin.ts'
import { classifyNat, UNKNOWN_NAT, type NatKind } from '../../../../peer/nat/nat-kind.ts'

const RELAY = '/ip4/7.7.7.1/tcp/4001/p2p/12D3KooWEHUQf4tPKh6TeSX5WdAhMP5xmtLXQDAeWrfUW8TLKvvv'

function assertFinding(found: Finding, verdict: Verdict, sentence: RegExp): void {
  assert.match(found.sentence, sentence)
  assert.equal(found.verdict, verdict, found.sentence)
  // What fails can be mended, and somebody has to be told how.
  if (verdict === 'fail') assert.ok((found.remedies ?? []).length > 0, found.sentence)
  assert.doesNotThrow(() => JSON.stringify(found))
}

describe('this machine', () => {
  it('needs a Node that is new enough', () => {
    assertFinding(assessNode('24.21.0'), 'ok', /^24\.21\.0 runs everything$/)
    assertFinding(assessNode('22.18.0'), 'fail', /needs Node 24\.19/)
  })

  it('needs a folder to keep keys in', () => {
    assertFinding(assessState('/s/parley', undefined), 'ok', /^\/s\/parley takes keys/)
    assertFinding(assessState('/s/parley', 'EROFS'), 'fail', /nothing can be written .*EROFS/)
  })

  it('punches where one port can listen and dial', () => {
    assertFinding(assessPortReuse({ available: true }), 'ok', /^one port can listen and dial here/)
    const found = assessPortReuse({ available: false, reason: 'this platform does not' })
    assertFinding(found, 'warn', /^this platform does not$/)
    assert.equal(found.remedies?.[0]?.effect, 'to be direct')
  })

  it('is in a network or not, and in many is told of three', () => {
    const addresses = [1, 2, 3, 4].map((n) => ({
      name: `eth${n}`,
      address: `10.0.${n}.2`,
      family: 4 as const,
      isPublic: false
    }))
    assertFinding(assessNetwork([]), 'fail', /in no network/)
    assertFinding(assessNetwork(addresses.slice(0, 1)), 'ok', /^10\.0\.1\.2 \(eth1\)$/)
    assertFinding(assessNetwork(addresses), 'ok', /10\.0\.3\.2 \(eth3\) and 1 more$/)
  })
})

describe('a relay', () => {
  const reached = { relay: RELAY, tcpMs: 40, handshakeMs: 130 }

  it('that answers is told with the median of its round trips', () => {
    const found = assessRelay({ ...reached, pingsMs: [44.4, 41.2, 900, 40.9, 41.9] })
    assertFinding(found, 'ok', /^7\.7\.7\.1:4001 answers within 42 ms \(handshakes 130 ms\)$/)
    assert.equal(found.evidence['rttMs'], 42)
  })

  it('that is far away, or answers no ping, is worth a warning', () => {
    assertFinding(assessRelay({ ...reached, pingsMs: [600, 600, 600] }), 'warn', /within 600 ms/)
    assertFinding(assessRelay({ ...reached, pingsMs: [] }), 'warn', /answers no ping/)
  })

  it('that was not reached, or refuses, stops everything', () => {
    const unreached = assessUnreached(RELAY, 'nothing listens at 7.7.7.1')
    assertFinding(unreached, 'fail', /^nothing listens/)
    assert.equal(unreached.remedies?.[0]?.effect, 'to talk at all')
    const full = assessRefused(RELAY, { code: 'relay-refused', message: 'it is full' })
    assertFinding(full, 'fail', /^it is full$/)
    assert.match(full.remedies?.[0]?.text ?? '', /^Ask who runs the relay/)
  })

  it('that wants a secret is to be given one', () => {
    const wants = assessRefused(RELAY, { code: 'relay-wants-secret', message: 'it wants a secret' })
    assertFinding(wants, 'fail', /^it wants a secret$/)
    assert.match(wants.remedies?.[0]?.text ?? '', /^Give the secret .*--secret-file\.$/)
  })

  it('that lets in only whom it knows cannot be judged from an identity of our own', () => {
    const closed = assessRefused(RELAY, { code: 'relay-closed', message: 'ask to let X in' })
    assertFinding(closed, 'skipped', /lets in whom it knows, .* identity of its own/)
    assert.equal(closed.remedies, undefined)
  })

  it('says what a circuit through it may use', () => {
    const limits = { durationSeconds: 1_800, dataBytes: 64 * 2 ** 20 }
    const found = assessReserved({ relay: RELAY, limit: limits })
    assertFinding(found, 'ok', /circuits of at most 30 min or 64 MiB$/)
    assertFinding(assessReserved({ relay: RELAY, limit: {} }), 'ok', /without a limit$/)
  })

  it('that is not there is why other checks are left out', () => {
    assertFinding(noRelay('no relay is named'), 'skipped', /^not tried: no relay is named$/)
  })

  it('is called by its host and port', () => {
    assert.equal(place(RELAY), '7.7.7.1:4001')
    assert.equal(place('/ip6/2a01::1/tcp/4001'), '[2a01::1]:4001')
    assert.equal(place('/dns4/relay.example.org/tcp/45678'), 'relay.example.org:45678')
  })

  it('has as its median the middle one, or the upper of two', () => {
    assert.deepEqual([median([3]), median([9, 1, 2]), median([4, 1])], [3, 2, 4])
  })
})

describe('the clock', () => {
  const NOW = Date.parse('2026-11-21T12:00:00.700Z')
  const MINUTE_MS = 60_000
  const told = (aheadMs: number): Finding =>
    assessTold({ relayMs: Math.floor((NOW - aheadMs) / 1000) * 1000, nowMs: NOW })
  const ending = (ms: number): Finding => assessExpiry(Math.floor((NOW + ms) / 1000) * 1000, NOW)

  it('is compared with the time that the relay tells', () => {
    for (const aheadMs of [0, 3_000, -3_000])
      assertFinding(told(aheadMs), 'ok', /agree on the time/)
    assertFinding(told(90_000), 'warn', /clock is 90 s ahead of the relay's/)
    assertFinding(told(-3 * 60 * MINUTE_MS), 'warn', /clock is 3 h behind the relay's/)
  })

  it('agrees when a reservation ends in an hour or two, some seconds more or less', () => {
    for (const ms of [60 * MINUTE_MS, 120 * MINUTE_MS, 60 * MINUTE_MS + 3_000, 30 * MINUTE_MS]) {
      assertFinding(ending(ms), 'ok', /agree on the time/)
    }
  })

  it('is ahead when it ends too soon, and behind when too late', () => {
    assertFinding(ending(59 * MINUTE_MS), 'warn', /clock is 6[01] s ahead of the relay's/)
    assertFinding(ending(65 * MINUTE_MS), 'warn', /clock is 5 min behind the relay's/)
  })

  it('is far off when it ended long ago or ends days from now', () => {
    assertFinding(ending(-9 * 60 * MINUTE_MS), 'warn', /far ahead of the relay's time/)
    assertFinding(ending(48 * 60 * MINUTE_MS), 'warn', /far behind the relay's time/)
  })

  it('cannot be told from a reservation of an unusual length', () => {
    assertFinding(ending(44 * MINUTE_MS), 'skipped', /an unusual time/)
    assert.doesNotThrow(() => assessExpiry(Number.MAX_SAFE_INTEGER, NOW))
  })
})

describe('large packets', () => {
  it('that come back are fine', () => {
    const echoes = [
      { bytes: 1_408, ms: 41 },
      { bytes: 16_000, ms: 44.2 }
    ]
    assertFinding(assessLargePackets(echoes), 'ok', /^16,000 bytes at once come back within 44 ms$/)
  })

  it('that do not come back where small ones do are dropped on the way', () => {
    const found = assessLargePackets([{ bytes: 1_408, ms: undefined }])
    assertFinding(found, 'fail', /1,408 bytes at once do not/)
    assert.match(found.remedies?.[0]?.text ?? '', /MTU/)
  })

  it('are not tried where nothing comes back', () => {
    assertFinding(assessLargePackets([]), 'skipped', /answers no ping/)
  })
})

const OWN = { listeningPort: 4001, hosts: ['192.168.1.2'] }
const nat = (...ports: number[]): NatKind =>
  classifyNat(
    OWN,
    ports.map((port, n) => ({
      destination: { host: '7.7.7.1', port: 1 + n },
      address: { host: '7.7.7.2', port },
      atMs: n
    }))
  )

const told = (filtering: NatKind['filtering'], kind: NatKind): string =>
  assessNat({ ...kind, filtering }, { forwarded: false }).sentence

describe('the NAT', () => {
  it('that shows one address can be punched', () => {
    const found = assessNat(nat(4001, 4001), { forwarded: false })
    assertFinding(found, 'ok', /one address \(7\.7\.7\.2:4001\): it can be punched$/)
  })

  it('is told for what it does with what comes from inside, when that was tried', () => {
    const kind = nat(4001, 4001)
    const leads = assessNat(withHairpin(kind, 'reached'), { forwarded: false })
    assertFinding(leads, 'ok', /; from inside its outside can be reached$/)
    const swallows = assessNat(withHairpin(kind, 'silent'), { forwarded: false })
    assertFinding(swallows, 'ok', /; from inside its outside cannot be reached \(no hairpinning\)/)
    const refuses = assessNat(withHairpin(kind, 'refused'), { forwarded: false })
    assert.deepEqual([refuses.evidence['hairpin'], refuses.evidence['filtering']], [false, 'rst'])
  })

  it('is told for what it does with strangers, when a relay has tried', () => {
    assert.match(told('open', nat(4001, 4001)), /can be punched; it lets in who dials you$/)
    assert.match(told('drop', nat(4001, 4001)), /can be punched; it drops who dials you unasked$/)
    assert.match(told('rst', nat(4001)), /can be punched; it refuses who dials you unasked$/)
  })

  it('that shows one address is told with that of the port we listen on, whatever others were tried', () => {
    const fresh = { ...nat(4001, 4001).seen[0]!, freshPort: 33_333 }
    const kind = { ...nat(4001, 4001) }
    kind.seen = [...kind.seen, { ...fresh, address: { host: '7.7.7.2', port: 33_333 } }]
    const found = assessNat(kind, { forwarded: false })
    assertFinding(found, 'ok', /one address \(7\.7\.7\.2:4001\)/)
    assert.deepEqual(hairpinTarget(kind), { host: '7.7.7.2', port: 4001 })
  })

  it('that keeps our port can be punched, though one relay alone has seen it', () => {
    assertFinding(assessNat(nat(4001), { forwarded: false }), 'ok', /keeps the port you listen on/)
  })

  it('that shows many ports is told with them, and what would help', () => {
    const found = assessNat(nat(40_001, 55_417, 9_952), { forwarded: false })
    assertFinding(found, 'warn', /another port \(7\.7\.7\.2: 40001, 55417, 9952\), at random$/)
    assert.match((found.remedies ?? []).map(({ text }) => text).join(' '), /UPnP.*--announce.*IPv6/)
  })

  it('that counts its ports up is told so', () => {
    const found = assessNat(nat(40_001, 40_002, 40_003), { forwarded: false })
    assertFinding(found, 'warn', /one after the other, so that the next can be guessed$/)
  })

  it('does not matter where a router forwards a port', () => {
    const found = assessNat(nat(40_001, 55_417), { forwarded: true })
    assertFinding(found, 'ok', /the forwarded port makes up for it$/)
    assert.equal(found.remedies, undefined)
  })

  it('is none on a public host', () => {
    const seen = {
      destination: { host: '7.7.7.1', port: 1 },
      address: { host: '7.7.7.3', port: 9 }
    }
    const kind = classifyNat({ listeningPort: 9, hosts: ['7.7.7.3'] }, [seen])
    assertFinding(assessNat(kind, { forwarded: false }), 'ok', /^there is no NAT.*\)$/)
    assert.match(told('open', kind), /, and can dial you there$/)
    assert.match(told('drop', kind), /; a firewall drops who dials you unasked$/)
    assert.match(told('rst', kind), /; a firewall refuses who dials you unasked$/)
  })

  it('that nobody has seen, or one relay once, is not judged', () => {
    assertFinding(assessNat(UNKNOWN_NAT, { forwarded: false }), 'skipped', /^not tried/)
    assertFinding(assessNat(nat(40_417), { forwarded: false }), 'skipped', /a second --relay/)
  })
})

describe('IPv6', () => {
  const own = ['2a01::2']
  const relay = '/ip6/2a01::1/tcp/4001'

  it('that reaches the relay is fine, and none at all is no fault', () => {
    assertFinding(
      assessIpv6({ own, tried: { relay, ms: 41 } }),
      'ok',
      /reaches the relay within 41/
    )
    assertFinding(assessIpv6({ own }), 'ok', /was not tried/)
    assertFinding(assessIpv6({ own: [] }), 'skipped', /no public IPv6 address/)
  })

  it('that leads nowhere is worse than none', () => {
    const found = assessIpv6({ own, tried: { relay, problem: 'ENETUNREACH' } })
    assertFinding(found, 'warn', /does not reach the relay by IPv6 \(ENETUNREACH\)/)
  })
})

describe('port mapping', () => {
  const routers = [{ method: 'UPnP' as const, host: '192.168.1.1' }]

  it('that works, that was refused, and that nobody offers', () => {
    const mapped = { method: 'UPnP' as const, host: '192.168.1.1', address: '/ip4/7.7.7.2/tcp/9' }
    assertFinding(assessPortMapping({ routers, mapped }), 'ok', /192\.168\.1\.1 forwards ports/)
    const refused = { host: '192.168.1.1', reason: 'refuses to forward ports to this machine' }
    assertFinding(assessPortMapping({ routers, refused }), 'warn', /192\.168\.1\.1 refuses/)
    assertFinding(assessPortMapping({ routers: [] }), 'skipped', /no router here answers/)
  })
})

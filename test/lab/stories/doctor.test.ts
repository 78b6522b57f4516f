// `parley doctor` behind real routers: what it finds, what it says of others, and that it leaves nothing behind.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, it } from 'node:test'
import { Cast } from '../../../peer/demo/cast.ts'
import { DoctorTold } from '../../support/doctor-told.ts'
import { NO_MINIUPNPD } from '../../support/miniupnpd.ts'
import { twoStacks } from '../dual-stack.ts'
import type { NatFiltering } from '../../../shared/wire/nat-report.ts'
import type { NatKind } from '../nat.ts'
import { twoSites, type Lab } from '../topologies.ts'
import { launcher, multiaddrOf, RELAY_PORT, STATE_FOLDERS } from './scene.ts'

const PARLEY = fileURLToPath(new URL('../../../peer/main.ts', import.meta.url))
const START_TIMEOUT_MS = 20_000
const LIMIT_MS = 10_000

/** One relay at two ports, so that a NAT can be seen from both. */
const LISTEN = [
  ...[RELAY_PORT, RELAY_PORT + 1].map((port) => `/ip4/0.0.0.0/tcp/${port}`),
  `/ip6/::/tcp/${RELAY_PORT}`
]

type Consultation = DoctorTold & { code: number | null; ms: number }

class Practice implements AsyncDisposable {
  readonly lab: Lab
  readonly #cast: Cast
  readonly #relay: string

  private constructor(lab: Lab, cast: Cast, relay: string) {
    this.lab = lab
    this.#cast = cast
    this.#relay = relay
  }

  static async open(nat: NatKind): Promise<Practice> {
    return Practice.openIn(await twoSites({ a: { nat }, b: { nat: 'none' } }))
  }

  static async openIn(lab: Lab): Promise<Practice> {
    const cast = new Cast({ folder: STATE_FOLDERS, launch: launcher(lab) })
    const relay = await cast.relay({ listen: LISTEN })
    const signal = AbortSignal.timeout(START_TIMEOUT_MS)
    const { peerId } = await relay.next('listening', { signal })
    const address = `${multiaddrOf(lab.relay.address)}/tcp/${RELAY_PORT}/p2p/${peerId}`
    return new Practice(lab, cast, address)
  }

  /** On host a. */
  async doctor(): Promise<Consultation> {
    const startedMs = performance.now()
    const env = {
      ...process.env,
      PARLEY_HOME: `${STATE_FOLDERS}/doctor`,
      PARLEY_RELAY: this.#relay
    }
    const child = this.lab.a.spawn(process.execPath, [PARLEY, 'doctor', '--json'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env
    })
    const [stdout] = await Promise.all([text(child.stdout!), once(child, 'exit')])
    const ms = performance.now() - startedMs
    return Object.assign(new DoctorTold(stdout), { code: child.exitCode, ms })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]()
    await this.#cast[Symbol.asyncDispose]()
  }
}

interface Kind {
  nat: NatKind
  verdict: 'ok' | 'warn'
  sentence: RegExp
  filtering: NatFiltering
  cone: 'yes' | 'likely'
  random: 'yes' | 'likely' | 'no'
}

const KINDS: Kind[] = [
  {
    nat: 'none',
    verdict: 'ok',
    sentence: /^there is no NAT: .*7\.7\.7\.2.*, and can dial you there$/,
    filtering: 'open',
    cone: 'yes',
    random: 'yes'
  },
  {
    nat: 'firewall',
    verdict: 'ok',
    sentence: /^there is no NAT: .*; a firewall drops who dials you unasked$/,
    filtering: 'drop',
    cone: 'yes',
    random: 'likely'
  },
  {
    nat: 'full-cone',
    verdict: 'ok',
    sentence: /shows everybody one address.*: it can be punched; it lets in who dials you/,
    filtering: 'open',
    cone: 'yes',
    random: 'yes'
  },
  {
    nat: 'address-restricted',
    verdict: 'ok',
    sentence: /shows everybody one address.*: it can be punched; it lets in who dials you/,
    filtering: 'open',
    cone: 'yes',
    random: 'yes'
  },
  {
    nat: 'drop',
    verdict: 'ok',
    sentence:
      /shows everybody one address.*; it drops who dials you unasked; from inside its outside cannot be reached/,
    filtering: 'drop',
    cone: 'yes',
    random: 'likely'
  },
  {
    nat: 'rst',
    verdict: 'ok',
    sentence: /shows everybody one address.*; it refuses who dials you unasked/,
    filtering: 'rst',
    cone: 'yes',
    random: 'likely'
  },
  {
    nat: 'hairpin',
    verdict: 'ok',
    sentence: /shows everybody one address.*from inside its outside can be reached/,
    filtering: 'drop',
    cone: 'yes',
    random: 'likely'
  },
  {
    nat: 'sequential',
    verdict: 'warn',
    sentence: /another port .* one after the other/,
    filtering: 'drop',
    cone: 'likely',
    random: 'no'
  },
  {
    nat: 'symmetric',
    verdict: 'warn',
    sentence: /another port .* at random$/,
    filtering: 'drop',
    cone: 'likely',
    random: 'no'
  },
  {
    nat: 'symmetric-rst',
    verdict: 'warn',
    sentence: /another port .* at random$/,
    filtering: 'rst',
    cone: 'likely',
    random: 'no'
  }
]

describe('the doctor', () => {
  for (const { nat, verdict, sentence, filtering, cone, random } of KINDS) {
    it(`behind ${nat} knows it, and with whom a path can be direct`, async () => {
      await using practice = await Practice.open(nat)
      const found = await practice.doctor()
      const wrong = found.verdicts('network', 'relay', 'reservation', 'clock', 'large-packets')
      assert.deepEqual(wrong, ['ok', 'ok', 'ok', 'ok', 'ok'])
      assert.equal(found.check('nat').verdict, verdict)
      assert.match(found.check('nat').sentence, sentence)
      assert.equal(found.check('nat').evidence['filtering'], filtering)
      assert.deepEqual([found.chances['open'], found.chances['cone']], ['yes', cone])
      assert.equal(found.chances['random'], random)
      assert.equal(found.code, 0)
      assert.ok(found.ms < LIMIT_MS, `${found.ms} ms`)
    })
  }

  it(
    'finds a router that forwards ports, and leaves none open',
    { skip: NO_MINIUPNPD },
    async () => {
      await using practice = await Practice.open('symmetric')
      await practice.lab.a.offerForwards()
      const found = await practice.doctor()
      assert.deepEqual(found.verdicts('nat', 'port-mapping'), ['ok', 'ok'])
      assert.match(
        found.check('port-mapping').sentence,
        /192\.168\.1\.1 forwards ports when asked \(PCP\)$/
      )
      assert.equal(found.chances['random'], 'yes')
      assert.deepEqual(await practice.lab.a.forwardedPorts(), [])
    }
  )

  it('knows the NAT of its IPv4 also from a relay that is named by IPv6', async () => {
    const site = { ip4: 'drop', ip6: true } as const
    await using practice = await Practice.openIn(await twoStacks({ relay: 6, a: site, b: site }))
    const found = await practice.doctor()
    assert.deepEqual(found.verdicts('relay', 'nat', 'ipv6'), ['ok', 'ok', 'ok'])
    assert.match(found.check('nat').sentence, /keeps the port you listen on \(7\.7\.7\.2:\d+\)/)
    assert.equal(found.chances['cone'], 'yes')
  })

  it('finds a tunnel that is too small for large packets', async () => {
    await using practice = await Practice.open('drop')
    await practice.lab.a.dropLongerThan(1_200)
    const found = await practice.doctor()
    assert.deepEqual(found.verdicts('relay', 'reservation', 'large-packets'), ['ok', 'ok', 'fail'])
    assert.match(found.diagnosis.changes[0]?.text ?? '', /MTU/)
    assert.equal(found.code, 1)
    assert.ok(found.ms < LIMIT_MS, `${found.ms} ms`)
  })

  it('without any network says so and is done', async () => {
    await using practice = await Practice.open('drop')
    await practice.lab.a.run('ip', ['link', 'set', 'eth0', 'down'])
    const found = await practice.doctor()
    assert.deepEqual(found.verdicts('network', 'relay', 'nat'), ['fail', 'fail', 'skipped'])
    assert.match(found.check('relay').sentence, /no way from here/)
    assert.equal(found.code, 1)
  })

  it('is done in time when everything is swallowed on the way', async () => {
    await using practice = await Practice.open('drop')
    await practice.lab.a.cut()
    const found = await practice.doctor()
    assert.deepEqual(found.verdicts('network', 'relay'), ['ok', 'fail'])
    assert.match(found.check('relay').sentence, /does not answer/)
    assert.ok(found.ms < LIMIT_MS, `${found.ms} ms`)
  })
})

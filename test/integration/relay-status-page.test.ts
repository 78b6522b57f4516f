// The status page in a real browser: what a person sees on a phone and on a desk, in light and dark.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import type { Usage } from '../../relay/limits.ts'
import type { RelaySnapshot } from '../../relay/status/snapshot.ts'
import { chromiumHere, launchChromium } from '../support/chromium.ts'
import { relayScene } from '../support/relay-scene.ts'
import { statusScene } from '../support/relay-status.ts'
import { stagedCircuit, stagedPeer, stagedRelay, stagedSnapshot } from '../support/staged-relay.ts'
import { needs } from '../support/left-out.ts'

const executable = chromiumHere()
const skip = needs(
  executable !== undefined,
  'there is no Chromium on this machine (apt-get install chromium)'
)

const PHONE = { width: 390, height: 844 }
const DESK = { width: 1280, height: 900 }
const EVIL = '<img src=x onerror="window.hurt=1"><script>window.hurt=1</script>'

let browser: Browser

interface Opened extends AsyncDisposable {
  page: Page
  /** What the browser complained of: errors, and breaches of the page's own policy. */
  complaints: string[]
}

async function open(
  url: string,
  viewport = DESK,
  colorScheme: 'light' | 'dark' = 'light'
): Promise<Opened> {
  const page = await browser.newPage({ viewport, colorScheme })
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('request', (request) => {
    if (!request.url().startsWith(url)) complaints.push(`asked for ${request.url()}`)
  })
  await page.goto(url)
  return { page, complaints, [Symbol.asyncDispose]: async () => page.close() }
}

async function text(page: Page, selector: string): Promise<string> {
  return (await page.locator(selector).innerText()).trim()
}

const crowd = (count: number): RelaySnapshot =>
  stagedSnapshot({
    reservations: Array.from({ length: count }, (_, n) => ({
      peer: stagedPeer(n),
      sinceMs: Date.now() - n * 1000,
      untilMs: Date.now() + 3_600_000
    })),
    circuits: Array.from({ length: count }, (_, n) => stagedCircuit({ from: stagedPeer(n) })),
    usage: [
      { limit: 'reservations', used: count, max: 500 },
      { limit: 'circuits', used: 1, max: 500 }
    ],
    addresses: [`/dns4/${'a-long-name.'.repeat(8)}example/tcp/45678/p2p/${stagedPeer(0)}`]
  })

describe('the status page', { skip }, () => {
  before(async () => {
    browser = await launchChromium(executable ?? '')
  })
  after(async () => browser?.close())

  it('shows a relay that is ready, without a complaint of the browser', async () => {
    await using status = await statusScene()
    await using scene = await relayScene()
    await status.show(scene.relay)
    await using opened = await open(status.url)
    const { page, complaints } = opened
    await page.waitForSelector('[data-state=ready]')
    assert.match(await text(page, '#health'), /^Ready: a circuit through this relay carried bytes/)
    assert.match(await text(page, '#version'), /^version \d+\.\d+\.\d+$/)
    assert.deepEqual(await text(page, '#addresses'), scene.relay.addresses.join('\n'))
    assert.equal(
      await text(page, '#circuit-note'),
      'No circuit is open: nobody talks through the relay.'
    )
    assert.deepEqual(complaints, [])
  })

  it('fits a phone and a desk, in light and dark, with 500 of everything', async () => {
    await using status = await statusScene()
    await status.show(stagedRelay(() => crowd(500)))
    const grounds = new Set<string>()
    for (const viewport of [PHONE, DESK]) {
      for (const scheme of ['light', 'dark'] as const) {
        await using opened = await open(status.url, viewport, scheme)
        const { page, complaints } = opened
        await page.waitForSelector('#reservation-table tbody tr')
        const size = await page.evaluate(
          '[document.documentElement.scrollWidth - innerWidth, document.documentElement.scrollHeight]'
        )
        const [tooWide = NaN, height = NaN] = Array.isArray(size) ? size.map(Number) : []
        assert.ok(tooWide <= 0, `${tooWide} px too wide at ${viewport.width}`)
        assert.ok(height < 3500, `${height} px high at ${viewport.width}`)
        assert.equal(await page.locator('#reservation-table tbody tr').count(), 100)
        assert.equal(await text(page, '#reservation-note'), 'and 400 more')
        assert.equal(await text(page, '#reservation-count'), '500')
        grounds.add(String(await page.evaluate('getComputedStyle(document.body).backgroundColor')))
        assert.deepEqual(complaints, [])
      }
    }
    assert.equal(grounds.size, 2, [...grounds].join())
  })

  it('draws how full limits and circuits are', async () => {
    await using status = await statusScene()
    await status.show(stagedRelay(() => ({ ...crowd(500), circuits: [stagedCircuit()] })))
    await using opened = await open(status.url)
    const { page } = opened
    await page.waitForSelector('#limits li')
    assert.match(await text(page, '#limits'), /reservations\s+500 of 500\s+circuits\s+1 of 500/)
    const shares = await page.evaluate(
      '[...document.querySelectorAll("#limits .bar, td .bar")].map((bar) => bar.firstElementChild.clientWidth / bar.clientWidth)'
    )
    const [circuit, full, nearlyEmpty] = Array.isArray(shares) ? shares.map(Number) : []
    assert.equal(full, 1)
    assert.ok(
      nearlyEmpty !== undefined && nearlyEmpty > 0 && nearlyEmpty < 0.02,
      String(nearlyEmpty)
    )
    // 48 of 64 MB in the fuller direction.
    assert.ok(circuit !== undefined && Math.abs(circuit - 0.75) < 0.03, String(circuit))
    assert.equal(await page.locator('.bar.full').count(), 1)
    assert.match(
      await text(page, '#circuit-table tbody'),
      /^…00000001 → …00000002\s+48\.0 MB\s+64\.0 MB each way\s+1 min\s+15 min$/
    )
  })

  it('folds away the limits of which nothing is taken, until something is', async () => {
    await using status = await statusScene()
    let used = 0
    const usage = (): Usage[] => [
      { limit: 'reservations', used, max: 8 },
      { limit: 'handshakes', used: 0, max: 8 },
      { limit: 'circuits', used: 1, max: 8 }
    ]
    await status.show(stagedRelay(() => stagedSnapshot({ usage: usage() })))
    await using opened = await open(status.url, PHONE)
    const { page } = opened
    await page.waitForSelector('#limits li')
    assert.match(await text(page, '#limits'), /^circuits\s+1 of 8$/)
    assert.equal(await text(page, '#unused'), '2 limits of which nothing is taken')
    await page.click('#unused summary')
    assert.match(await text(page, '#unused'), /reservations\s+0 of 8\s+handshakes\s+0 of 8$/)
    used = 4
    await page.waitForSelector('#limits li:nth-child(2)')
    assert.match(await text(page, '#limits'), /^reservations\s+4 of 8\s+circuits\s+1 of 8$/)
    used = 0
    await page.waitForSelector('#limits li:last-child :text-is("0 of 8")')
    assert.match(await text(page, '#unused'), /^1 limit of which nothing is taken\s+handshakes/)
  })

  it('is live, says when the relay is silent, and comes back with it', async () => {
    await using status = await statusScene()
    let rooms = 1
    await status.show(stagedRelay(() => stagedSnapshot({ rooms })))
    await using opened = await open(status.url)
    const { page } = opened
    const shows = async (selector: string): Promise<void> => {
      await page.waitForSelector(selector)
    }
    await shows('#rooms:text-is("1")')
    rooms = 7
    await shows('#rooms:text-is("7")')
    await page.context().setOffline(true)
    await shows('[data-state=silent]')
    assert.match(await text(page, '#health'), /^The relay does not answer/)
    await page.context().setOffline(false)
    await shows('[data-state=broken]')
  })

  it('shows what the operator should mend, until it is mended', async () => {
    await using status = await statusScene()
    const sentence = `the announced name ${'relay.'.repeat(20)}example cannot be resolved from here`
    let warnings = [sentence]
    await status.show(
      stagedRelay(() => stagedSnapshot()),
      () => warnings
    )
    await using opened = await open(status.url, PHONE)
    const { page } = opened
    await page.waitForSelector('#warnings li')
    assert.equal(await text(page, '#warnings'), sentence.replace('the', 'The'))
    assert.ok(Number(await page.evaluate('document.documentElement.scrollWidth')) <= PHONE.width)
    warnings = []
    await page.waitForSelector('#warnings:not(:has(li))', { state: 'attached' })
  })

  it('shows what remotes wrote as text, whatever it is', async () => {
    await using status = await statusScene()
    const evil = stagedSnapshot({
      addresses: [EVIL],
      reservations: [{ peer: EVIL, sinceMs: 0, untilMs: 0 }],
      circuits: [stagedCircuit({ from: EVIL, to: EVIL })]
    })
    evil.totals.refused = { [EVIL]: 1 }
    evil.totals.circuitsClosed = { [EVIL]: 1 }
    await status.show(stagedRelay(() => evil))
    await using opened = await open(status.url)
    const { page, complaints } = opened
    await page.waitForSelector('#addresses li')
    assert.equal(await text(page, '#addresses'), EVIL)
    assert.equal(await page.evaluate('window.hurt'), undefined)
    assert.equal(await page.locator('main img, main script').count(), 0)
    assert.deepEqual(complaints, [])
  })
})

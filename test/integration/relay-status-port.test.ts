// The status port and clients that mean no good: whatever they send, it stays small, answers others, and stays up.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { assert as check, asyncProperty, constantFrom, oneof, string, uint8Array } from 'fast-check'
import { rawClient, rawExchange } from '../support/raw-http.ts'
import { mutated } from '../support/mutations.ts'
import { relayScene } from '../support/relay-scene.ts'
import { eventually } from '../support/eventually.ts'
import { statusScene, type StatusScene } from '../support/relay-status.ts'

let status: StatusScene
const head = (line: string, ...headers: string[]): string =>
  [line, 'Host: localhost', 'Connection: close', ...headers, '', ''].join('\r\n')
const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1])
const alive = async (): Promise<void> => assert.equal((await status.get('/healthz')).status, 200)

describe('the status port', { concurrency: true }, () => {
  before(async () => {
    status = await statusScene()
  })
  after(async () => status[Symbol.asyncDispose]())

  it('sends headers that let nothing foreign in, and sets no cookies', async () => {
    for (const path of ['/', '/status.js', '/status.json', '/metrics', '/readyz', '/nothing']) {
      const { headers } = await status.get(path)
      assert.match(
        headers.get('content-security-policy') ?? '',
        /^default-src 'none'; script-src 'self';/
      )
      assert.doesNotMatch(headers.get('content-security-policy') ?? '', /unsafe|\*|https?:/)
      assert.equal(headers.get('x-content-type-options'), 'nosniff')
      assert.equal(headers.get('cache-control'), 'no-store')
      assert.equal(headers.get('set-cookie'), null)
      assert.equal(headers.get('access-control-allow-origin'), null)
    }
  })

  it('answers GET and HEAD, and nothing that has a body', async () => {
    assert.match(
      await rawExchange(status.url, head('HEAD /healthz HTTP/1.1')),
      /^HTTP\/1\.1 200 [^]*content-length: 6\r\n[^]*\r\n\r\n$/
    )
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH']) {
      const answer = await rawExchange(status.url, head(`${method} / HTTP/1.1`))
      assert.match(answer, /^HTTP\/1\.1 405 [^]*\r\nallow: GET, HEAD\r\n/i, method)
    }
    const large = head('GET / HTTP/1.1', 'Content-Length: 1000000000')
    assert.equal(statusOf(await rawExchange(status.url, large)), 413)
    const chunked = head('GET / HTTP/1.1', 'Transfer-Encoding: chunked')
    assert.equal(statusOf(await rawExchange(status.url, `${chunked}5\r\nhello\r\n`)), 413)
    const tunnel = await rawExchange(status.url, head('CONNECT 127.0.0.1:22 HTTP/1.1'))
    assert.doesNotMatch(tunnel, /^HTTP\/1\.1 2/)
  })

  it('knows its own paths, and no way out of them', async () => {
    const paths = [
      '/../package.json',
      '/%2e%2e/relay.key',
      '//etc/passwd',
      '/page/status.html',
      '/status.html',
      '/constructor',
      '/__proto__',
      `/${'a'.repeat(4000)}`,
      'http://127.0.0.1/',
      '*'
    ]
    for (const path of paths) {
      const answer = await rawExchange(status.url, head(`GET ${path} HTTP/1.1`))
      assert.ok([400, 404].includes(statusOf(answer)), `${path}: ${answer.slice(0, 60)}`)
    }
    assert.equal((await status.get('/healthz?a=b')).status, 200)
  })

  it('does not answer to names that are not of this machine', async () => {
    for (const host of ['evil.example', 'localhost.evil.example', '', '127.0.0.1.nip.io:45679']) {
      const request = `GET /status.json HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`
      assert.equal(statusOf(await rawExchange(status.url, request)), 421, host)
    }
    const none = await rawExchange(status.url, 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n')
    assert.equal(statusOf(none), 400)
    const forwarded = 'GET /healthz HTTP/1.1\r\nHost: localhost:9000\r\nConnection: close\r\n\r\n'
    assert.equal(statusOf(await rawExchange(status.url, forwarded)), 200)
  })

  it('refuses headers that are too large or too many', async () => {
    const huge = head('GET / HTTP/1.1', `X: ${'a'.repeat(20_000)}`)
    assert.equal(statusOf(await rawExchange(status.url, huge)), 431)
    const many = head('GET / HTTP/1.1', ...Array.from({ length: 3000 }, (_, n) => `X${n}: 1`))
    assert.equal(statusOf(await rawExchange(status.url, many)), 431)
  })

  it('answers requests that come in one packet one after the other', async () => {
    const one = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'
    const answer = await rawExchange(status.url, one.repeat(99) + head('GET /healthz HTTP/1.1'))
    assert.equal(answer.match(/HTTP\/1\.1 200 OK/g)?.length, 100)
  })

  it('ends a connection that sends its headers too slowly, or none', async () => {
    const slow = await rawClient(status.url)
    slow.socket.write('GET / HTTP/1.1\r\nHost: local')
    const dripping = setInterval(() => slow.socket.write('x'), 100)
    const silent = await rawClient(status.url)
    const [answer] = await Promise.all([slow.closed, silent.closed])
    clearInterval(dripping)
    assert.ok(answer === '' || statusOf(answer) === 408, answer)
  })

  it('survives whatever bytes there are', async () => {
    const garbage = oneof(
      uint8Array({ minLength: 1, maxLength: 2000 }),
      string({ minLength: 1, unit: 'binary' }).map((text) =>
        Buffer.from(`GET /${text} HTTP/1.1\r\n\r\n`)
      ),
      constantFrom(
        '\u0013/multistream/1.0.0\n',
        'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
        '\u0016\u0003\u0001'
      ).map((text) => Buffer.from(text, 'latin1'))
    )
    await check(
      asyncProperty(garbage, async (bytes) => {
        const client = await rawClient(status.url)
        client.socket.end(bytes)
        assert.doesNotMatch(await client.closed, /^HTTP\/1\.1 200/)
      }),
      { numRuns: 200 }
    )
    await alive()
  })
})

/** What HTTP has for requests that are nearly right; a 500 would be a mistake of ours. */
const EXPECTED = new Set([200, 400, 404, 405, 408, 413, 417, 421, 431])

describe('the status port of a relay', () => {
  it('answers requests that are nearly right with what HTTP has for them', async () => {
    await using relayed = await relayScene()
    await using watched = await statusScene()
    await watched.show(relayed.relay)
    await eventually(
      async () => watched.get('/readyz'),
      ({ status: code }) => code === 200
    )
    const paths = ['/', '/status.js', '/status.json', '/metrics', '/healthz', '/readyz']
    const requests = paths.flatMap((path) =>
      ['GET', 'HEAD'].map((method) => head(`${method} ${path}?a=b HTTP/1.1`, 'Content-Length: 0'))
    )
    const valid = requests.map((text) => Buffer.from(text))
    await check(
      asyncProperty(mutated(valid), async (bytes) => {
        const client = await rawClient(watched.url)
        client.socket.end(bytes)
        const answer = await client.closed
        for (const [line, code] of answer.matchAll(/^HTTP\/1\.1 (\d{3}) .*$/gm)) {
          assert.ok(EXPECTED.has(Number(code)), line)
        }
      }),
      { numRuns: 300 }
    )
    assert.equal((await watched.get('/status.json')).status, 200)
  })
})

describe('the status port under many connections', () => {
  it('holds a bounded number, and answers again when they have gone', async () => {
    await using crowded = await statusScene()
    const clients = await Promise.all(
      Array.from({ length: 100 }, async () => rawClient(crowded.url))
    )
    // Those beyond the limit are closed without a word; the rest could still ask.
    await Promise.race(clients.map(async ({ closed }) => closed))
    for (const { socket } of clients) socket.write(randomBytes(64))
    for (const { socket } of clients) socket.destroy()
    await Promise.all(clients.map(async ({ closed }) => closed))
    assert.equal((await crowded.get('/healthz')).status, 200)
  })
})

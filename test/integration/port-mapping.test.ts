// Routers on loopback, good ones and such as are broken or up to something, asked over real sockets.
import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { describe, it, type TestContext } from 'node:test'
import type { Gateway } from '../../peer/port-mapping/gateway.ts'
import { searchUpnp } from '../../peer/port-mapping/ssdp.ts'
import { findUdpGateway } from '../../peer/port-mapping/udp-gateway.ts'
import { openUpnpGateway } from '../../peer/port-mapping/upnp-gateway.ts'
import { httpRouter, ROUTER, udpRouter } from '../support/fake-router.ts'

const NEVER = new AbortController().signal
const SERVICE = 'urn:schemas-upnp-org:service:WANIPConnection:1'

const description = (control = '/control'): string =>
  `<root><device><serviceList><service><serviceType>${SERVICE}</serviceType><controlURL>${control}</controlURL></service></serviceList></device></root>`

const fault = (code: number): string =>
  `<s:Envelope><s:Body><s:Fault><detail><UPnPError><errorCode>${code}</errorCode></UPnPError></detail></s:Fault></s:Body></s:Envelope>`

/** Describes itself, and answers actions with a status and a text each. */
async function upnpGateway(
  test: TestContext,
  answers: (action: string, body: string) => [status: number, text: string]
): Promise<Gateway> {
  const url = await httpRouter(test, (request, response) => {
    if (request.method === 'GET') {
      response.end(description())
      return
    }
    let body = ''
    request.setEncoding('utf8').on('data', (piece: string) => (body += piece))
    request.on('end', () => {
      const [, action = ''] = /#(\w+)"/.exec(String(request.headers['soapaction'])) ?? []
      const [status, text] = answers(action, body)
      response.writeHead(status).end(text)
    })
  })
  return openUpnpGateway({ url, localHost: ROUTER }, NEVER)
}

const OWN_ADDRESS = '<x><NewExternalIPAddress>7.7.7.2</NewExternalIPAddress></x>'

describe('UPnP', () => {
  it('maps with a lifetime, and takes back what it got', async (test) => {
    const asked: string[] = []
    const gateway = await upnpGateway(test, (action, body) => {
      const [, port = ''] = /<NewExternalPort>(\d+)</.exec(body) ?? []
      const [, lease = ''] = /<NewLeaseDuration>(\d+)</.exec(body) ?? []
      asked.push([action, port, lease].join(' ').trim())
      return [200, action === 'GetExternalIPAddress' ? OWN_ADDRESS : '<x/>']
    })
    assert.deepEqual(await gateway.map(4001, 1800, NEVER), {
      externalHost: '7.7.7.2',
      externalPort: 4001,
      lifetimeSeconds: 1800
    })
    await gateway.unmap(4001, NEVER)
    await gateway.unmap(4001, NEVER)
    assert.deepEqual(asked, [
      'GetExternalIPAddress',
      'AddPortMapping 4001 1800',
      'DeletePortMapping 4001'
    ])
  })

  it('takes another port when that one is given away, and never takes back what others have', async (test) => {
    const deleted: string[] = []
    const gateway = await upnpGateway(test, (action, body) => {
      if (action === 'DeletePortMapping') deleted.push(body)
      const isTaken = action === 'AddPortMapping' && body.includes('<NewExternalPort>4001<')
      return isTaken ? [500, fault(718)] : [200, OWN_ADDRESS]
    })
    const { externalPort } = await gateway.map(4001, 1800, NEVER)
    assert.notEqual(externalPort, 4001)
    await gateway.unmap(4001, NEVER)
    assert.match(deleted.join(), new RegExp(`<NewExternalPort>${externalPort}<`))
  })

  it('gives up after three ports that are given away', async (test) => {
    let tries = 0
    const gateway = await upnpGateway(test, (action) => {
      if (action !== 'AddPortMapping') return [200, OWN_ADDRESS]
      tries += 1
      return [500, fault(718)]
    })
    await assert.rejects(gateway.map(4001, 1800, NEVER), /has given that port to another machine/)
    await gateway.unmap(4001, NEVER)
    assert.equal(tries, 3)
  })

  it('wants no port that would stay open for ever', async (test) => {
    const gateway = await upnpGateway(test, (action) =>
      action === 'AddPortMapping' ? [500, fault(725)] : [200, OWN_ADDRESS]
    )
    await assert.rejects(gateway.map(4001, 1800, NEVER), /forwards ports for ever only/)
  })

  const BAD: Array<[title: string, answer: RequestListener, wanted: RegExp]> = [
    ['garbage', (_, response) => response.end('<<<>>>\0'), /describes nothing/],
    ['a description without an end', endless, /answers with more than it has to say/],
    ['another status', (_, response) => response.writeHead(500).end(description()), /describes/],
    ['a reset', (request) => request.socket.destroy(), /does not answer over HTTP/],
    [
      'a control address on another host',
      (_, response) => response.end(description('http://127.0.0.2:1/control')),
      /describes nothing/
    ]
  ]
  for (const [title, answer, wanted] of BAD) {
    it(`a router that answers with ${title} is none`, async (test) => {
      const url = await httpRouter(test, answer)
      await assert.rejects(openUpnpGateway({ url, localHost: ROUTER }, NEVER), wanted)
    })
  }

  it('a redirect is not followed', async (test) => {
    let followed = 0
    const elsewhere = await httpRouter(test, (_, response) => {
      followed += 1
      response.end(description())
    })
    const url = await httpRouter(test, (_, response) =>
      response.writeHead(302, { location: elsewhere.href }).end()
    )
    await assert.rejects(openUpnpGateway({ url, localHost: ROUTER }, NEVER), /describes nothing/)
    assert.equal(followed, 0)
  })

  it('a router that sends a byte now and then is given up after 3 s', async (test) => {
    const url = await httpRouter(test, (_, response) => {
      const drip = setInterval(() => response.write(' '), 100)
      response.on('close', () => clearInterval(drip))
    })
    const startedMs = performance.now()
    await assert.rejects(openUpnpGateway({ url, localHost: ROUTER }, NEVER), /does not answer/)
    assert.ok(performance.now() - startedMs < 6_000)
  })

  it('whoever leaves meanwhile does not wait for it', async (test) => {
    const url = await httpRouter(test, () => {})
    const leaving = AbortSignal.timeout(50)
    await assert.rejects(openUpnpGateway({ url, localHost: ROUTER }, leaving), {
      name: 'TimeoutError'
    })
  })
})

const foundAt = (location: string): string => `HTTP/1.1 200 OK\r\nLOCATION: ${location}\r\n\r\n`

describe('the search for UPnP', () => {
  it('finds who answers, once, and of many no more than two', async (test) => {
    let n = 0
    const port = await udpRouter(test, () =>
      Array.from({ length: 5 }, () => foundAt(`http://${ROUTER}:5000/${(n += 1)}`))
    )
    const found = await searchUpnp(ROUTER, [ROUTER], NEVER, port)
    assert.deepEqual(
      found.map(({ url }) => url.pathname),
      ['/1', '/2']
    )
  })

  it('outlives garbage, and goes nowhere that the answer says but to who answered', async (test) => {
    const port = await udpRouter(test, () => [
      '',
      '\0\0',
      'SUBSCRIBE * HTTP/1.1\r\n\r\n',
      'HTTP/1.1 200 OK\r\nST: x\r\nUSN: y\r\n\r\n',
      foundAt('http://169.254.169.254/latest/meta-data'),
      foundAt(`http://${ROUTER}/${'x'.repeat(4_000)}`)
    ])
    assert.deepEqual(await searchUpnp(ROUTER, [ROUTER], NEVER, port), [])
  })
})

/** A router from before PCP. */
const natPmp = (asked: Buffer): Uint8Array[] => {
  if (asked[0] === 2) return [Uint8Array.of(0, 0x80, 0, 1, 0, 0, 0, 9)]
  if (asked[1] === 0) return [Uint8Array.of(0, 128, 0, 0, 0, 0, 0, 9, 7, 7, 7, 2)]
  const [, , , , a = 0, b = 0] = asked
  return [Uint8Array.of(0, 130, 0, 0, 0, 0, 0, 9, a, b, 0x1f, 0x90, 0, 0, 7, 8)]
}

describe('PCP and NAT-PMP', () => {
  it('a router that speaks NAT-PMP only is asked in it', async (test) => {
    const port = await udpRouter(test, natPmp)
    const gateway = await findUdpGateway(ROUTER, NEVER, port)
    assert.equal(gateway.method, 'NAT-PMP')
    assert.deepEqual(await gateway.map(4001, 1800, NEVER), {
      externalHost: '7.7.7.2',
      externalPort: 8080,
      lifetimeSeconds: 1800
    })
  })

  it('a question that got lost is asked again', async (test) => {
    const port = await udpRouter(test, (asked, times) => (times === 1 ? [] : natPmp(asked)))
    assert.equal((await findUdpGateway(ROUTER, NEVER, port)).method, 'NAT-PMP')
  })

  it('answers that are none are passed over, however short', async (test) => {
    const port = await udpRouter(test, (asked) => [
      new Uint8Array(0),
      Uint8Array.of(0),
      Uint8Array.of(2, 1),
      ...natPmp(asked)
    ])
    assert.equal((await findUdpGateway(ROUTER, NEVER, port)).method, 'NAT-PMP')
  })

  it('a router that says nothing sensible is none after 2 s', async (test) => {
    const port = await udpRouter(test, () => [Uint8Array.of(9)])
    await assert.rejects(findUdpGateway(ROUTER, NEVER, port), /does not answer/)
  })

  it('a host on which nobody listens is none at once', async () => {
    const startedMs = performance.now()
    await assert.rejects(findUdpGateway(ROUTER, NEVER, 1), /does not answer/)
    assert.ok(performance.now() - startedMs < 1_500)
  })
})

function endless(_: unknown, response: Parameters<RequestListener>[1]): void {
  const go = (): void => {
    while (!response.destroyed && response.write('x'.repeat(16_384)));
  }
  response.on('drain', go)
  go()
}

// UPnP's messages: what is sent, and what of an answer is believed.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  connectionService,
  descriptionUrl,
  searchMessages,
  soapFault,
  soapRequest,
  textOf
} from '../../../../peer/port-mapping/upnp-messages.ts'

const ROUTER = '192.168.1.1'
const LOCATION = `http://${ROUTER}:5000/rootDesc.xml`
const answer = (location: string): string =>
  `HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\nST: x\r\nLocation: ${location}\r\n\r\n`

const service = (type: string, url: string): string =>
  `<service><serviceType>${type}</serviceType><controlURL>${url}</controlURL></service>`
const IP1 = 'urn:schemas-upnp-org:service:WANIPConnection:1'
const IP2 = 'urn:schemas-upnp-org:service:WANIPConnection:2'

describe('the search', () => {
  it('asks for both versions of an Internet gateway', () => {
    const [first = '', second = ''] = searchMessages()
    assert.match(first, /^M-SEARCH \* HTTP\/1\.1\r\nHOST: 239\.255\.255\.250:1900\r\n/)
    assert.match(first, /\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\n\r\n$/)
    assert.match(second, /InternetGatewayDevice:2\r\n\r\n$/)
  })

  it('takes the address of a description at the host that answered', () => {
    assert.equal(descriptionUrl(answer(LOCATION), ROUTER)?.href, LOCATION)
  })

  it('takes no address at another host, at a name, of another protocol, and none at all', () => {
    for (const location of [
      'http://192.168.1.7/x.xml',
      'http://127.0.0.1/x.xml',
      'http://169.254.169.254/latest',
      'http://router.lan/x.xml',
      `https://${ROUTER}/x.xml`,
      'file:///etc/passwd',
      'x',
      ''
    ]) {
      assert.equal(descriptionUrl(answer(location), ROUTER), undefined, location)
    }
    for (const other of ['', 'SUBSCRIBE * HTTP/1.1\r\n\r\n', 'HTTP/1.1 200 OK\r\n\r\n', '\0']) {
      assert.equal(descriptionUrl(other, ROUTER), undefined)
    }
    assert.equal(
      descriptionUrl(`NOTIFY * HTTP/1.1\r\nLOCATION: ${LOCATION}\r\n`, ROUTER),
      undefined
    )
  })
})

describe('a description', () => {
  const url = new URL(LOCATION)

  it('names the service that forwards ports, the newest of several', () => {
    const xml = `<?xml version="1.0"?><root>${service('urn:other', '/other')}<device>${service(IP1, '/one')}${service(IP2, '/two')}</device></root>`
    const found = connectionService(xml, url)
    assert.deepEqual([found?.type, found?.controlUrl.href], [IP2, `http://${ROUTER}:5000/two`])
  })

  it('may have prefixes, attributes, whole addresses and spaces', () => {
    const xml = `<u:service a="b"><u:serviceType x="1"> ${IP1} </u:serviceType><u:controlURL>http://${ROUTER}:49000/c?a=1&amp;b=2</u:controlURL></u:service>`
    const found = connectionService(xml, url)
    assert.equal(found?.controlUrl.href, `http://${ROUTER}:49000/c?a=1&b=2`)
  })

  it('leads nowhere but to the host that it comes from', () => {
    for (const control of ['http://127.0.0.1/c', 'http://192.168.1.7/c', '//192.168.1.7/c', '']) {
      assert.equal(connectionService(service(IP1, control), url), undefined, control)
    }
  })

  it('that is garbage names nothing, soon', () => {
    const startedMs = performance.now()
    for (const xml of [
      '',
      'not xml',
      '<service>'.repeat(7_000),
      '<serviceType'.repeat(5_000),
      '<a:'.repeat(20_000),
      `<serviceType>${'x'.repeat(60_000)}`,
      '</service>'.repeat(6_000)
    ]) {
      assert.equal(connectionService(xml, url), undefined)
    }
    assert.ok(performance.now() - startedMs < 1_000)
  })
})

const fault = (code: number, words: string): string =>
  `<s:Envelope><s:Body><s:Fault><detail><UPnPError><errorCode>${code}</errorCode><errorDescription>${words}</errorDescription></UPnPError></detail></s:Fault></s:Body></s:Envelope>`

describe('a request', () => {
  it('has its arguments in order', () => {
    const text = soapRequest(IP1, 'DeletePortMapping', { NewRemoteHost: '', NewExternalPort: 4001 })
    assert.match(
      text,
      /<s:Body><u:DeletePortMapping xmlns:u="urn:schemas-upnp-org:service:WANIPConnection:1"><NewRemoteHost><\/NewRemoteHost><NewExternalPort>4001<\/NewExternalPort><\/u:DeletePortMapping><\/s:Body>/
    )
  })

  it('that fails has a reason in words', () => {
    assert.deepEqual(soapFault(500, fault(718, 'ConflictInMappingEntry')), {
      code: 718,
      reason: 'has given that port to another machine'
    })
    assert.match(soapFault(500, fault(725, '')).reason, /^forwards ports for ever only/)
    const odd = soapFault(500, fault(899, 'Odd'.repeat(1_000))).reason
    assert.match(odd, /^refuses with UPnP's code 899 \((?:Odd){40}\)$/)
    assert.deepEqual(soapFault(404, '<html>'), {
      code: undefined,
      reason: 'answers with HTTP status 404'
    })
  })
})

it('finds the text of an element, and none where there are elements in it', () => {
  assert.equal(textOf('<a><NewX> 1 </NewX></a>', 'NewX'), '1')
  assert.equal(textOf('<NewX/>', 'NewX'), undefined)
  assert.equal(textOf('<NewX><b>1</b></NewX>', 'NewX'), undefined)
  assert.equal(textOf('<NewXY>1</NewXY>', 'NewX'), undefined)
})

#!/usr/bin/env node
// `node relay/health.ts [HOST:PORT]`: exits 0 when the relay there says that it is ready, else 1, with one line. For
// Docker. Without an argument it asks where the relay's own settings put the status page: PARLEY_STATUS, the
// configuration file, or the default.
import { get } from 'node:http'
import { configuredEndpoint } from './status/configured.ts'
import { askable, endpointText, parseEndpoint } from './status/endpoint.ts'

/** Shorter than the timeout of any health check around it. */
const TIMEOUT_MS = 4000
/** A sentence. */
const MAX_ANSWER_CHARS = 1000

const [given] = process.argv.slice(2)

try {
  const endpoint =
    given === undefined ? await configuredEndpoint(process) : parseEndpoint(given, 'the argument')
  if (endpoint === undefined)
    finish(1, 'the status page is off, so nobody can ask it: leave out the health check')
  else ask(askable(endpoint))
} catch (error) {
  finish(1, error instanceof Error ? error.message : String(error))
}

function ask(endpoint: { host: string; port: number }): void {
  const name = endpointText(endpoint)
  let answer = ''
  // Asked by another name than localhost, a status page on loopback does not answer.
  const headers = { host: endpoint.host === '::1' ? '[::1]' : endpoint.host, connection: 'close' }
  const request = get({ ...endpoint, path: '/readyz', headers }, (response) => {
    response.setEncoding('utf8')
    response.on('data', (piece: string) => (answer = (answer + piece).slice(0, MAX_ANSWER_CHARS)))
    response.on('end', () => {
      const [line = ''] = answer.split('\n')
      const isVerdict = /^(?:not )?ready: /.test(line)
      if (!isVerdict) finish(1, `${name} is not the status page of a relay`)
      else finish(response.statusCode === 200 ? 0 : 1, line)
    })
  })
  request.on('error', (error) => finish(1, `${name} does not answer: ${error.message}`))
  setTimeout(() => finish(1, `${name} did not answer within ${TIMEOUT_MS / 1000} s`), TIMEOUT_MS)
}

function finish(code: 0 | 1, line: string): void {
  const output = code === 0 ? process.stdout : process.stderr
  output.write(`${line}\n`, () => process.exit(code))
}

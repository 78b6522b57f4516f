#!/usr/bin/env node
// `node relay/health.ts [HOST:PORT]`: exits 0 when a libp2p node answers there, else 1, with one line. For Docker.
import { connect } from 'node:net'

const MULTISTREAM = '\u0013/multistream/1.0.0\n'
const DEFAULT_ADDRESS = '127.0.0.1:45678'
/** Shorter than the timeout of any health check around it. */
const TIMEOUT_MS = 4000

const address = process.argv[2] ?? DEFAULT_ADDRESS
const [, bracketed, plain, port] = /^(?:\[(.+)\]|([^:]+)):(\d+)$/.exec(address) ?? []
const host = bracketed ?? plain

if (host === undefined) finish(1, `"${address}" is not HOST:PORT, for example ${DEFAULT_ADDRESS}`)
else probe(host, Number(port))

function probe(remoteHost: string, remotePort: number): void {
  let received = ''
  const socket = connect({ host: remoteHost, port: remotePort })
  socket.setEncoding('latin1')
  socket.on('connect', () => socket.write(MULTISTREAM))
  socket.on('data', (text: string) => {
    received += text
    if (received.startsWith(MULTISTREAM)) finish(0, `${address} answers`)
    else if (!MULTISTREAM.startsWith(received)) finish(1, `${address} is not a libp2p node`)
  })
  socket.on('error', (error) => finish(1, `${address} does not answer: ${error.message}`))
  socket.on('close', () => finish(1, `${address} closed the connection without an answer`))
  setTimeout(() => finish(1, `${address} did not answer within ${TIMEOUT_MS / 1000} s`), TIMEOUT_MS)
}

function finish(code: 0 | 1, line: string): void {
  const output = code === 0 ? process.stdout : process.stderr
  output.write(`${line}\n`, () => process.exit(code))
}

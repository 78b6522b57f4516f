// Our relay to be measured, with limits as wide as an operator can make them. Ends on SIGTERM, or when the process that
// started it is gone.
import { generateKeyPair } from '@libp2p/crypto/keys'
import { eachLimit, LIMITS } from '../../relay/limits.ts'
import { startRelay } from '../../relay/relay.ts'

const stopping = new AbortController()
process.once('SIGTERM', () => stopping.abort())
const relay = await startRelay(
  {
    privateKey: await generateKeyPair('Ed25519'),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    announce: [],
    limits: eachLimit((name) => LIMITS[name].max)
  },
  { signal: stopping.signal }
)
console.log(`RELAY ${relay.listening[0]}`)
const parent = process.ppid
setInterval(() => {
  if (process.ppid !== parent) process.exit(1)
}, 1000).unref()
// At once, so that a profile is written and nothing of the shutdown is in it.
stopping.signal.addEventListener('abort', () => process.exit(0))

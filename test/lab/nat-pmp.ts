// Asks a router by NAT-PMP alone: `map ROUTER PORT LIFETIME_SECONDS`, or `unmap ROUTER PORT`. Routers that speak PCP as
// well, as miniupnpd does, are never asked so by a peer.
import { NatPmpGateway } from '../../peer/port-mapping/udp-gateway.ts'
import { MAPPING_PORT } from '../../peer/port-mapping/udp-exchange.ts'

const [order, router = '', port = '', lifetimeSeconds = ''] = process.argv.slice(2)
const signal = AbortSignal.timeout(10_000)
// The router goes by where the question comes from.
const gateway = new NatPmpGateway(router, '0.0.0.0', MAPPING_PORT)
if (order === 'map')
  console.log(JSON.stringify(await gateway.map(Number(port), Number(lifetimeSeconds), signal)))
else await gateway.unmap(Number(port), signal)

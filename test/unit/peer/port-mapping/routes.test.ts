// The router, from the kernel's table or from the addresses of this machine.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { firstHosts, parseRoutes } from '../../../../peer/port-mapping/routes.ts'

const HEAD = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT'
const table = (...lines: string[]): string => [HEAD, ...lines, ''].join('\n')

it('reads the gateways of the default routes, the preferred one first', () => {
  const text = table(
    'wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0',
    'eth0\t00000000\tFE01A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0',
    'eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0'
  )
  assert.deepEqual(parseRoutes(text), ['192.168.1.254', '192.168.1.1'])
})

it('finds none in a route without a gateway, in half of a route, and in garbage', () => {
  const tunnel = 'tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0'
  const half = 'tun0\t00000000\t0100080A\t0003\t0\t0\t0\t00000080\t0\t0\t0'
  for (const text of ['', HEAD, table(tunnel), table(half), 'x\ty', '\0\n\t\t\t']) {
    assert.deepEqual(parseRoutes(text), [])
  }
})

it('guesses the first address of each network, but never one of our own', () => {
  const wifi = { address: '192.168.1.57', netmask: '255.255.255.0' }
  const wide = { address: '10.1.2.3', netmask: '255.255.0.0' }
  const bridge = { address: '172.17.0.1', netmask: '255.255.0.0' }
  assert.deepEqual(firstHosts([wifi, wide, bridge, wifi]), ['192.168.1.1', '10.1.0.1'])
})

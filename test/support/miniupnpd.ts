// Whether there is a router's own way of forwarding ports to test with: the real miniupnpd.
import { spawnSync } from 'node:child_process'
import { needs } from './left-out.ts'

/** For `skip`. */
export const NO_MINIUPNPD = needs(
  spawnSync('miniupnpd', ['--version']).error === undefined,
  'there is no miniupnpd here (apt-get install miniupnpd-nftables)'
)

// The addresses of this machine that lead anywhere.
import { networkInterfaces } from 'node:os'
import { multiaddr } from '@multiformats/multiaddr'
import { isPublicAddress } from '../../../shared/addresses.ts'
import type { InterfaceAddress } from '../assess/machine.ts'

/** Public ones first. */
export function interfaceAddresses(): InterfaceAddress[] {
  const all = Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
    (addresses ?? [])
      .filter(
        ({ internal, scopeid = 0, address }) =>
          !internal && scopeid === 0 && !address.startsWith('169.254.')
      )
      .map(({ address, family }): InterfaceAddress => {
        const version = family === 'IPv4' ? 4 : 6
        const isPublic = isPublicAddress(multiaddr(`/ip${version}/${address}/tcp/1`))
        return { name, address, family: version, isPublic }
      })
  )
  return all.toSorted((a, b) => Number(b.isPublic) - Number(a.isPublic))
}

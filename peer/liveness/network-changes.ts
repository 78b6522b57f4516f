// Notices that this machine has other addresses than before (another Wi-Fi, a VPN), or has slept: either way the
// paths that stood may be gone without a word. The system tells Node of neither, so it looks.
import { networkInterfaces } from 'node:os'

export type NetworkChange = 'addresses' | 'slept'

/** Reading the interfaces takes some 0.1 ms; a person who changes networks does not notice two seconds. */
export const LOOK_MS = 2_000

/**
 * A look that comes so much too late was not held up by work: the process did not run. By the clock on the wall, since
 * the other one stands still while the machine sleeps.
 */
const SLEPT_MS = 5_000

export interface NetworkChangesInit {
  onChange: (change: NetworkChange) => void
  /** The machine's addresses, each as text; by default those of its interfaces. */
  addresses?: (() => string[]) | undefined
}

/** Looks until disposed or until the signal aborts; holds no process. */
export function watchNetwork(
  init: NetworkChangesInit,
  options: { signal: AbortSignal }
): Disposable {
  const addresses = init.addresses ?? interfaceAddresses
  let known = addresses().toSorted().join()
  let lookedMs = Date.now()
  const look = (): void => {
    const [now, nowMs] = [addresses().toSorted().join(), Date.now()]
    const slept = nowMs - lookedMs > LOOK_MS + SLEPT_MS
    const changed = now !== known
    known = now
    lookedMs = nowMs
    if (changed) init.onChange('addresses')
    else if (slept) init.onChange('slept')
  }
  const timer = setInterval(look, LOOK_MS).unref()
  const stop = (): void => clearInterval(timer)
  options.signal.addEventListener('abort', stop, { once: true })
  return { [Symbol.dispose]: stop }
}

/** IPv6 link-local ones come and go with interfaces that nobody is reached by. */
function interfaceAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((each) =>
    (each ?? [])
      .filter(({ scopeid }) => scopeid === undefined || scopeid === 0)
      .map(({ address }) => address)
  )
}

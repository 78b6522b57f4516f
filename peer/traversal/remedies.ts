// What helps against what keeps a path from being direct, in words. (pure)

export const WHAT_TO_DO =
  'a port forward (--announce) or an IPv6 address on either side would make it direct'

/** Where the way goes through one NAT, whose forwarded ports need not lead back inside. */
export const ONE_NETWORK =
  'a network that both of you are in (the same Wi-Fi, a VPN) or IPv6 on both sides would make it direct'

/** Whatever a punch may ask for (socket-budget.ts gives half of what is free), and what else is open. */
export const ENOUGH_OPEN_FILES = 4_096

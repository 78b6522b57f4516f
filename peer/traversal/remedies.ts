// What helps whatever keeps a path from being direct, in words. (pure)

export const WHAT_TO_DO =
  'a port forward (--announce) or an IPv6 address on either side would make it direct'

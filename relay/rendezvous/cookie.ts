// Cookies of DISCOVER: up to which registration a peer knows a room. (pure)

/** Random, one for each life of the registry: sequence numbers start anew with it, so its cookies end with it. */
export type Epoch = number

/** Exclusive bound of an epoch. */
export const EPOCHS = 2 ** 24

/**
 * Eight bytes (three of the epoch, five of the sequence number, big-endian) and the namespace: rust-libp2p's client
 * parses the cookies of others and refuses those that are not eight bytes and a namespace in UTF-8.
 */
export function encodeCookie(epoch: Epoch, sequence: number, room: string): Uint8Array {
  const name = Buffer.from(room, 'utf8')
  const cookie = Buffer.alloc(8 + name.byteLength)
  cookie.writeUIntBE(epoch, 0, 3)
  cookie.writeUIntBE(sequence, 3, 5)
  cookie.set(name, 8)
  return cookie
}

/** The sequence number, or undefined when the cookie was not made for this room in this epoch. */
export function decodeCookie(bytes: Uint8Array, epoch: Epoch, room: string): number | undefined {
  const cookie = Buffer.from(bytes)
  if (cookie.byteLength < 8 || cookie.readUIntBE(0, 3) !== epoch) return undefined
  if (!cookie.subarray(8).equals(Buffer.from(room, 'utf8'))) return undefined
  return cookie.readUIntBE(3, 5)
}

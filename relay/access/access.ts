// Who may use the relay at all, whatever is free: asked before any limit is. (pure)
import type { Secret } from '../../shared/secrets.ts'

/** As the operator wrote them; peers are peer ids. Nothing in any of them: everybody may use everything. */
export interface AccessRules {
  /** They need no secret. Nobody else gets in, unless with a secret. */
  allow: readonly string[]
  /** They do not get in, whatever else is said of them. */
  deny: readonly string[]
  /** The only ones that there may be; none: any. */
  rooms: readonly string[]
  /** Who proves one of them gets in. */
  secrets: readonly Secret[]
}

export const OPEN_TO_ALL: AccessRules = { allow: [], deny: [], rooms: [], secrets: [] }

/** The same name in events, the log and the metrics. */
export type AccessRule = 'allow' | 'deny' | 'room' | 'secret-missing' | 'secret-wrong'

export interface Denial {
  rule: AccessRule
  /** The operator reads it; of a room the remote does too. */
  reason: string
}

/** The rules, and who has proven a secret. A reload changes what is decided from then on. */
export class Access {
  #rules: AccessRules = OPEN_TO_ALL
  #allow = new Set<string>()
  #deny = new Set<string>()
  #rooms = new Set<string>()
  /** Peer → the secret that it has proven, as long as it is connected. */
  readonly #proven = new Map<string, Secret>()

  constructor(rules: AccessRules = OPEN_TO_ALL) {
    this.reload(rules)
  }

  get secrets(): readonly Secret[] {
    return this.#rules.secrets
  }

  /** What was proven with a secret that is no longer in force counts no more. */
  reload(rules: AccessRules): void {
    this.#rules = rules
    this.#allow = new Set(rules.allow)
    this.#deny = new Set(rules.deny)
    this.#rooms = new Set(rules.rooms)
    for (const [peer, secret] of this.#proven) {
      if (!rules.secrets.some((each) => each.equals(secret))) this.#proven.delete(peer)
    }
  }

  isDenied(peer: string): boolean {
    return this.#deny.has(peer)
  }

  /** For as long as it is connected: `left` ends it. */
  proved(peer: string, secret: Secret): void {
    this.#proven.set(peer, secret)
  }

  left(peer: string): void {
    this.#proven.delete(peer)
  }

  /** To reserve, to ask for circuits, to look who is in a room; undefined when it may. */
  refuses(peer: string): Denial | undefined {
    if (this.isDenied(peer)) return DENIED
    const { allow, secrets } = this.#rules
    const isOpen = allow.length === 0 && secrets.length === 0
    if (isOpen || this.#allow.has(peer) || this.#proven.has(peer)) return undefined
    return secrets.length === 0 ? NOT_ALLOWED : NO_SECRET
  }

  /** To register in it, and to ask who is there. */
  refusesRoom(peer: string, room: string): Denial | undefined {
    const denial = this.refuses(peer)
    if (denial !== undefined || this.#rooms.size === 0 || this.#rooms.has(room)) return denial
    return OTHER_ROOM
  }
}

export const DENIED: Denial = { rule: 'deny', reason: 'the peer is on the deny list' }

const NOT_ALLOWED: Denial = { rule: 'allow', reason: 'the peer is not on the allow list' }

const NO_SECRET: Denial = { rule: 'secret-missing', reason: 'the peer has proven no secret' }

const OTHER_ROOM: Denial = { rule: 'room', reason: 'this relay does not have that room' }

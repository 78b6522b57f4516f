// A running peer: its node, its place at the relays, the room, the conversations, and the way to direct paths.
import { setMaxListeners } from 'node:events'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { probePortReuse } from '../shared/transport/port-reuse.ts'
import { PunchTable } from '../shared/transport/punch-table.ts'
import { addressee } from './addressee.ts'
import type { Member, Peer, PeerConfig, RelayStatus, StartPeer } from './api.ts'
import { startConnecting, type Connecting } from './connecting.ts'
import type { ConversationEvent, Conversations } from './conversation/api.ts'
import { startConversations } from './conversation/conversations.ts'
import type { PeerEvent } from './events.ts'
import { Listeners } from './listeners.ts'
import { startLiveness } from './liveness/liveness.ts'
import { startPeerNode, type PeerNode } from './node.ts'
import { openStream } from './open-stream.ts'
import { startAddressBook, type AddressBook } from './own-addresses.ts'
import { Presence } from './presence.ts'
import { startRelays, type Relays } from './relays.ts'
import { startPunchReports } from './punch-reports.ts'
import { Room } from './room.ts'
import { openStoreAt } from './store/open-store.ts'
import type { HistoryLine, Store } from './store/store.ts'
import { pathOf, punchTelling, tellingOf } from './tellings.ts'
import { ownCandidates } from './traversal/candidates.ts'
import { Guessing } from './traversal/guessing.ts'
import type { RoundResult, TransportDial } from './traversal/punch.ts'
import { STAYS_RELAYED, whyNothingHappens } from './traversal/reasons.ts'
import { startTraversal, type Traversal } from './traversal/traversal.ts'
import { unlessAborted } from './unless-aborted.ts'

/** Who wants to stay relayed has no address to give away, neither in its record nor in identify. */
const NOWHERE = { listen: [], announce: [] }

/** Somebody has said something that waits for a path: so often a lost relay is tried then. */
const WAITING_RETRY_MS = 2_000

export const startPeer: StartPeer = async (config, { signal, onEvent }) => {
  const peer = new RunningPeer(config, signal)
  if (onEvent !== undefined) peer.subscribe(onEvent)
  try {
    await peer.start()
    return peer
  } catch (error) {
    await peer[Symbol.asyncDispose]()
    throw error
  }
}

class RunningPeer implements Peer {
  readonly name: string
  readonly room: string
  readonly peerId: string
  readonly #config: PeerConfig
  readonly #listeners = new Listeners<PeerEvent>()
  readonly #stopped = new AbortController()
  readonly #signal: AbortSignal
  readonly #members: Room
  readonly #punches = new PunchTable()
  readonly #reuse = probePortReuse()
  /** Disposed in reverse: say goodbye, leave the relays, stop dialling, stop the node. */
  readonly #parts = new AsyncDisposableStack()
  #store: Store | undefined
  #conversations: Conversations | undefined
  #relays: Relays | undefined
  #traversal: Traversal | undefined
  #presence: Presence | undefined
  #stopping: Promise<void> | undefined

  constructor(config: PeerConfig, signal: AbortSignal) {
    this.#config = config
    this.name = config.name
    this.room = config.room
    this.peerId = peerIdFromPrivateKey(config.privateKey).toString()
    this.#signal = AbortSignal.any([signal, this.#stopped.signal])
    setMaxListeners(0, this.#signal)
    this.#members = new Room(config.room, (event) => this.#tell(event))
  }

  get members(): Member[] {
    return this.#members.list((peer) => this.#conversations?.undelivered(peer) ?? 0)
  }

  get relays(): RelayStatus[] {
    return this.#relays?.statuses ?? []
  }

  subscribe(listener: (event: PeerEvent) => void): () => void {
    return this.#listeners.add(listener)
  }

  send(text: string, { to }: { to?: string } = {}): string {
    const message =
      to === undefined
        ? { to: this.#members.peers, room: this.room }
        : { to: [addressee(this.#members, to)] }
    const { id, refused } = this.#talk().send({ text, ...message })
    for (const { peer, reason } of refused) this.#undeliverable(id, peer, reason)
    if (message.to.some((peer) => this.#talk().carrier(peer) === undefined))
      this.#relays?.hurry(WAITING_RETRY_MS)
    return id
  }

  async joined(signal: AbortSignal): Promise<void> {
    await unlessAborted(this.#relays?.joined ?? Promise.resolve(), signal)
  }

  async delivered(signal: AbortSignal): Promise<void> {
    await this.#talk().delivered(signal)
  }

  history(limit: number): HistoryLine[] {
    return this.#store?.history({ room: this.room, limit }) ?? []
  }

  async start(): Promise<void> {
    const options = { signal: this.#signal }
    // First in, last out: nothing is told that could not be kept.
    const store = this.#parts.use(
      openStoreAt(this.#config.stateFile, (trouble) => this.#tell({ event: 'error', ...trouble }))
    )
    this.#store = store
    const net = await startPeerNode({
      ...this.#config,
      ...(this.#config.relayedOnly ? NOWHERE : {}),
      punches: this.#punches,
      reuse: this.#reuse
    })
    const { node } = net
    this.#parts.defer(async () => node.stop())
    const addresses = node.getMultiaddrs().map(String)
    this.#tell({ event: 'started', peerId: this.peerId, name: this.name, addresses })
    if (!this.#reuse.available)
      this.#tell({ event: 'error', code: 'no-port-reuse', message: this.#reuse.reason })
    const onReachable = (): void => this.#traversal?.hurry()
    const tell = (event: PeerEvent): void => this.#tell(event)
    const around = { config: this.#config, relays: () => this.#relays, tell, onReachable }
    const book = this.#parts.use(startAddressBook({ ...net, ...around }, options))
    if (!this.#config.relayedOnly)
      this.#traversal = this.#parts.use(await this.#startTraversal(net, book))
    const { reach, isRelay, leave } = this.#parts.use(this.#startConnecting(net, book))
    const onChange = (): void => {
      this.#relays?.renew()
      this.#traversal?.hurry()
    }
    const liveness = this.#parts.use(startLiveness({ node, isRelay, onChange }, options))
    const talk = { node, name: this.name, room: this.room, openStream, store, liveness }
    const onEvent = (event: ConversationEvent): void => this.#heard(event)
    const conversations = await startConversations(talk, { ...options, onEvent })
    this.#conversations = conversations
    const hasRelay = (): boolean => (this.#relays?.circuits ?? []).length > 0
    this.#presence = new Presence({ room: this.#members, conversations, reach, hasRelay }, options)
    this.#relays = this.#parts.use(this.#startRelays(net, book, this.#presence, leave))
    if (this.#config.reportPunches === true) this.#parts.use(this.#startReports(net, book))
    // Last in, first out: goodbyes are said while the connections still stand.
    this.#parts.use(conversations)
    await this.#relays.ready
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    try {
      await this.#parts.disposeAsync()
    } finally {
      this.#stopped.abort(new Error('the peer stops'))
      this.#tell({ event: 'stopped' })
    }
  }

  async #startTraversal(net: PeerNode, { own, nat }: AddressBook): Promise<Traversal> {
    const { node, transportManager, localEnd } = net
    const dial: TransportDial = async (address, options) => transportManager.dial(address, options)
    return startTraversal(
      {
        node,
        dial,
        ...(nat && { guessing: new Guessing({ nat, dial, localEnd }) }),
        punches: this.#punches,
        reuse: this.#reuse,
        own,
        relays: () => this.#relays?.endpoints ?? [],
        nameOf: (peer) => this.#members.label(peer),
        carrying: (peer) => this.#conversations?.carrier(peer)?.connectionId,
        onRound: (peer, attempt, result) => this.#punched(peer, attempt, result),
        onSilence: (peer) => this.#staysRelayed(peer, whyNothingHappens(this.#members.label(peer)))
      },
      { signal: this.#signal }
    )
  }

  #startConnecting(net: PeerNode, { own }: AddressBook): Connecting {
    return startConnecting(
      {
        ...net,
        selfId: this.peerId,
        relayedOnly: this.#config.relayedOnly,
        secrets: this.#config.secrets ?? [],
        traversal: this.#traversal,
        relays: () => this.#relays,
        members: this.#members,
        own: () => ownCandidates(own()),
        carrying: (peer) => this.#conversations?.carrier(peer)?.connectionId
      },
      { signal: this.#signal }
    )
  }

  #startRelays(
    { node }: PeerNode,
    book: AddressBook,
    presence: Presence,
    leave: Connecting['leave']
  ): Relays {
    return startRelays(
      {
        node,
        relays: this.#config.relays,
        secrets: this.#config.secrets ?? [],
        room: this.room,
        privateKey: this.#config.privateKey,
        addresses: () => (this.#config.relayedOnly ? [] : ownCandidates(book.own())),
        onPeer: (peer, relay, addresses, newcomer) =>
          presence.listed({ peer, relay, addresses, newcomer }),
        // Who stays relayed has nobody to punch with.
        onMeet: this.#traversal?.meet,
        onStill: (peer, relay, addresses) => presence.stillListed({ peer, relay, addresses }),
        onGone: (peer, relay) => presence.unlisted(peer, relay),
        onReserved: () => {
          presence.relayed()
          book.consider()
        },
        leave,
        tell: (event) => this.#tell(event)
      },
      { signal: this.#signal }
    )
  }

  #startReports({ node }: PeerNode, { own }: AddressBook): Disposable {
    const relays = (): RelayStatus[] => this.relays
    const subscribe = this.subscribe.bind(this)
    return startPunchReports({ node, relays, own, subscribe }, { signal: this.#signal })
  }

  #heard(event: ConversationEvent): void {
    switch (event.type) {
      case 'hello':
        if (event.rooms.includes(this.room)) this.#presence?.introduced(event.peer, event.name)
        break
      case 'bye':
        if (event.room === undefined || event.room === this.room) this.#presence?.left(event.peer)
        break
      case 'refused':
        this.#undeliverable(event.id, event.peer, event.reason)
        break
      case 'carrier':
        this.#members.moved(event.peer, pathOf(event.carrier, event.reason), performance.now())
        if (this.#config.relayedOnly) this.#staysRelayed(event.peer, STAYS_RELAYED)
        break
      case 'message':
      case 'sent':
      case 'unsent':
      case 'delivered':
      case 'waiting':
      case 'trouble':
        this.#tell(tellingOf(event, (peer) => this.#members.nameOf(peer)))
    }
  }

  #punched(peer: string, attempt: number, result: RoundResult): void {
    const { via, reason } = result
    this.#tell(punchTelling(peer, attempt, result))
    // A meeting is a first try, before there is a circuit even: whether it stays relayed is for DCUtR to say.
    if (via === 'dcutr' && reason !== undefined) this.#staysRelayed(peer, reason)
  }

  #staysRelayed(peer: string, reason: string): void {
    this.#members.staysRelayed(peer, reason, performance.now())
  }

  #talk(): Conversations {
    if (this.#conversations === undefined) throw new Error('the peer has not started')
    return this.#conversations
  }

  #undeliverable(id: string, peer: string, reason: string): void {
    const message = `a message to ${this.#members.label(peer)} was not delivered: ${reason}`
    this.#tell({ event: 'error', code: 'undelivered', message, id, peer })
  }

  #tell(event: PeerEvent): void {
    this.#listeners.tell(event)
  }
}

// All SQL of the store: what the tables are, and every statement. (pure)

/** `Parl`: so that a database of another program is not taken for ours. */
export const APPLICATION_ID = 0x5061726c

/** One entry a version; `user_version` counts those that have run. Entries are never changed, only added. */
export const MIGRATIONS: readonly string[] = [
  `
  -- What we send to a peer: the epoch of its numbers, and how far it has acknowledged them.
  CREATE TABLE outgoing (peer TEXT PRIMARY KEY, epoch TEXT NOT NULL, acknowledged INTEGER NOT NULL) WITHOUT ROWID;
  -- What a peer sends to us; past: its epochs that were replaced, separated by spaces.
  CREATE TABLE incoming (
    peer TEXT PRIMARY KEY, epoch TEXT NOT NULL, received INTEGER NOT NULL, past TEXT NOT NULL, heard_at_ms INTEGER NOT NULL
  ) WITHOUT ROWID;
  -- Everything said, in the order in which we learnt of it. No peer: we said it. No room: to one alone.
  CREATE TABLE message (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL, peer TEXT, name TEXT, room TEXT,
    sent_at_ms INTEGER NOT NULL, stored_at_ms INTEGER NOT NULL, text TEXT NOT NULL
  );
  CREATE INDEX message_in_room ON message (room, number);
  -- To whom we said it. With a number (seq) it still waits; without one it was delivered, or given up.
  CREATE TABLE delivery (
    message INTEGER NOT NULL REFERENCES message (number), peer TEXT NOT NULL, seq INTEGER, delivered_at_ms INTEGER,
    PRIMARY KEY (message, peer)
  ) WITHOUT ROWID;
  CREATE UNIQUE INDEX delivery_waiting ON delivery (peer, seq) WHERE seq IS NOT NULL;
  `,
  `
  -- Numbers above it were given out by runs that never met that peer; NULL: any that waits may have been on a wire.
  ALTER TABLE outgoing ADD COLUMN on_wire INTEGER;
  -- What a peer said must be known again when it numbers anew. Not unique: a peer may make up its ids.
  CREATE INDEX message_by_id ON message (peer, id) WHERE peer IS NOT NULL;
  `
]

export const STATEMENTS = {
  begin: 'BEGIN IMMEDIATE',
  commit: 'COMMIT',
  outgoing: 'SELECT epoch, acknowledged, on_wire AS onWire FROM outgoing WHERE peer = ?',
  waiting: `
    SELECT delivery.seq, message.id, message.room, message.sent_at_ms AS sentAtMs, message.text
    FROM delivery JOIN message ON message.number = delivery.message
    WHERE delivery.peer = ? AND delivery.seq IS NOT NULL ORDER BY delivery.seq`,
  has: 'SELECT 1 FROM message WHERE peer = ? AND id = ? LIMIT 1',
  incoming: 'SELECT epoch, received, past FROM incoming WHERE peer = ?',
  history: `
    SELECT number, id, peer, name, room, sent_at_ms AS sentAtMs, text FROM message ORDER BY number DESC LIMIT ?`,
  historyOfRoom: `
    SELECT number, id, peer, name, room, sent_at_ms AS sentAtMs, text FROM message
    WHERE room = ? ORDER BY number DESC LIMIT ?`,
  deliveries:
    'SELECT peer, delivered_at_ms AS deliveredAtMs FROM delivery WHERE message = ? ORDER BY peer',
  addMessage: `
    INSERT INTO message (id, peer, name, room, sent_at_ms, stored_at_ms, text) VALUES (?, ?, ?, ?, ?, ?, ?)`,
  addDelivery: 'INSERT INTO delivery (message, peer, seq) VALUES (?, ?, ?)',
  addOutgoing:
    'INSERT INTO outgoing (peer, epoch, acknowledged) VALUES (?, ?, ?) ON CONFLICT (peer) DO NOTHING',
  setOnWire: 'UPDATE outgoing SET on_wire = coalesce(on_wire, ?2) WHERE peer = ?1',
  met: 'UPDATE outgoing SET on_wire = NULL WHERE peer = ? AND on_wire IS NOT NULL',
  acknowledge: 'UPDATE outgoing SET acknowledged = ?2 WHERE peer = ?1 AND acknowledged < ?2',
  settle: 'UPDATE delivery SET seq = NULL, delivered_at_ms = ?3 WHERE peer = ?1 AND seq <= ?2',
  giveUp: 'UPDATE delivery SET seq = NULL WHERE peer = ?1 AND seq <= ?2',
  renumberMessages: `
    UPDATE delivery SET seq = seq - (SELECT acknowledged FROM outgoing WHERE peer = ?1)
    WHERE peer = ?1 AND seq IS NOT NULL`,
  renumber: 'UPDATE outgoing SET epoch = ?2, acknowledged = 0, on_wire = NULL WHERE peer = ?1',
  setIncoming: `
    INSERT INTO incoming (peer, epoch, received, past, heard_at_ms) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (peer) DO UPDATE SET epoch = ?2, received = ?3, past = ?4, heard_at_ms = ?5`,
  // Limits. What waits for somebody stays in the history, whatever its age.
  expired: `
    SELECT delivery.peer, max(delivery.seq) AS seq, count(*) AS messages
    FROM delivery JOIN message ON message.number = delivery.message
    WHERE delivery.seq IS NOT NULL AND message.stored_at_ms < ? GROUP BY delivery.peer`,
  newest: 'SELECT coalesce(max(number), 0) AS number FROM message',
  oldestSince: 'SELECT number FROM message WHERE stored_at_ms >= ? ORDER BY number LIMIT 1',
  textBytes: 'SELECT sum(octet_length(text)) AS bytes FROM message',
  beyondBytes: `
    SELECT max(number) AS number FROM (
      SELECT number, sum(octet_length(text)) OVER (ORDER BY number DESC) AS bytes FROM message
    ) WHERE bytes > ?`,
  dropDeliveries: `
    DELETE FROM delivery WHERE message <= ?1
    AND NOT EXISTS (SELECT 1 FROM delivery AS other WHERE other.message = delivery.message AND other.seq IS NOT NULL)`,
  dropMessages: `
    DELETE FROM message WHERE number <= ?1 AND NOT EXISTS (SELECT 1 FROM delivery WHERE message = number)`,
  dropIncoming: `
    DELETE FROM incoming WHERE peer IN (
      SELECT peer FROM incoming ORDER BY heard_at_ms DESC LIMIT -1 OFFSET ?)`
} as const

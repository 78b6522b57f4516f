// Rows of the tables as the values that the rest of the program knows. (pure)
import type { IncomingState } from '../conversation/incoming-ledger.ts'
import type { OutgoingMessage } from '../conversation/ledger.ts'
import type { OutgoingState } from '../conversation/outgoing-ledger.ts'
import type { Row, Statements } from './statements.ts'
import type { HistoryLine, HistoryQuery } from './store.ts'

type Reader = Pick<Statements, 'all'>

export function readOutgoing({ all }: Reader, peer: string): OutgoingState | undefined {
  const [row] = all('outgoing', peer)
  if (row === undefined) return undefined
  const waiting = all('waiting', peer).map(messageOf)
  const state = { epoch: text(row['epoch']), acknowledged: Number(row['acknowledged']), waiting }
  return typeof row['onWire'] === 'number' ? { ...state, onWire: row['onWire'] } : state
}

export function readIncoming({ all }: Reader, peer: string): IncomingState | undefined {
  const [row] = all('incoming', peer)
  if (row === undefined) return undefined
  const past = text(row['past']).split(' ').filter(Boolean)
  return { epoch: text(row['epoch']), received: Number(row['received']), past }
}

/** Oldest first. */
export function readHistory(reader: Reader, { room, limit }: HistoryQuery): HistoryLine[] {
  const rows =
    room === undefined ? reader.all('history', limit) : reader.all('historyOfRoom', room, limit)
  return rows.map((row) => lineOf(row, reader)).toReversed()
}

function lineOf(row: Row, { all }: Reader): HistoryLine {
  const { peer, name } = row
  const line: HistoryLine = { ...messageOf(row), to: [] }
  if (typeof name === 'string') line.name = name
  if (typeof peer === 'string') return { ...line, peer }
  line.to = all('deliveries', Number(row['number'])).map((delivery) => {
    const at = delivery['deliveredAtMs']
    const to = { peer: text(delivery['peer']) }
    return typeof at === 'number' ? { ...to, deliveredAtMs: at } : to
  })
  return line
}

function messageOf({ id, room, sentAtMs, text: said }: Row): OutgoingMessage {
  const message = { id: text(id), sentAtMs: Number(sentAtMs), text: text(said) }
  return typeof room === 'string' ? { ...message, room } : message
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

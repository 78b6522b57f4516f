// Reads what was said from the database of a peer, running or not.
import { openToRead } from './open-to-read.ts'
import { readHistory } from './rows.ts'
import { Statements } from './statements.ts'
import type { HistoryLine, HistoryQuery } from './store.ts'
import { readingError } from './store-errors.ts'

/** Oldest first; nothing when there is no such file. Throws a UserError. */
export function readHistoryFile(file: string, query: HistoryQuery): HistoryLine[] {
  const database = openToRead(file)
  if (database === undefined) return []
  try {
    return readHistory(new Statements(database), query)
  } catch (error) {
    throw readingError(file, error)
  } finally {
    database.close()
  }
}

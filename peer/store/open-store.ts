// The store of a peer: on disk where it has a state file, else in memory.
import { MemoryStore } from './memory-store.ts'
import { openStore, type SqliteStoreOptions } from './sqlite-store.ts'
import type { Store } from './store.ts'

/** Throws a UserError where the file cannot be opened. */
export function openStoreAt(
  file: string | undefined,
  onTrouble: SqliteStoreOptions['onTrouble']
): Store {
  return file === undefined ? new MemoryStore() : openStore(file, { onTrouble })
}

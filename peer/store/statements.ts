// The statements of the schema, prepared when they are first used.
import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite'
import { STATEMENTS } from './schema.ts'

export type Row = Record<string, SQLOutputValue>

export class Statements {
  readonly #database: DatabaseSync
  readonly #prepared = new Map<string, StatementSync>()

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  /** Returns the number of the row that was added last. */
  readonly run = (name: keyof typeof STATEMENTS, ...values: SQLInputValue[]): number =>
    Number(this.#prepare(name).run(...values).lastInsertRowid)

  readonly all = (name: keyof typeof STATEMENTS, ...values: SQLInputValue[]): Row[] =>
    this.#prepare(name).all(...values)

  #prepare(name: keyof typeof STATEMENTS): StatementSync {
    const known = this.#prepared.get(name)
    if (known !== undefined) return known
    const statement = this.#database.prepare(STATEMENTS[name])
    this.#prepared.set(name, statement)
    return statement
  }
}

// Fills the small disk at argv[2] under a store, writes to it, makes space, writes again; prints what each write said.
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openStore } from '../../peer/store/sqlite-store.ts'

const folder = process.argv[2] ?? ''
const file = join(folder, 'peer.db')
const store = openStore(file, { onTrouble: ({ message }) => process.stderr.write(`${message}\n`) })

async function write(seq: number): Promise<string> {
  const text = 'x'.repeat(20_000)
  const message = { id: `m${seq}`, room: 'kitchen', sentAtMs: Date.now(), text }
  const to = [{ peer: 'bob', epoch: '01', seq }]
  return new Promise((resolve) => {
    store.write([{ kind: 'sent', name: 'ann', message, to }], (error) =>
      resolve(error === undefined ? 'kept' : error.message)
    )
  })
}

function fill(): void {
  for (let bytes = 65_536; bytes >= 1; bytes = Math.floor(bytes / 2)) {
    try {
      for (let n = 0; ; n++)
        writeFileSync(join(folder, `fill-${bytes}-${n}`), Buffer.alloc(bytes), { flag: 'wx' })
    } catch {
      // Full, for pieces of this size.
    }
  }
}

const said = [await write(1)]
fill()
said.push(await write(2))
for (let n = 0; n < 4; n++) rmSync(join(folder, `fill-65536-${n}`), { force: true })
said.push(await write(2))
await store.synced()
const waiting = store.outgoing('bob')?.waiting.map(({ id }) => id)
await store[Symbol.asyncDispose]()
process.stdout.write(`${JSON.stringify({ said, waiting })}\n`)

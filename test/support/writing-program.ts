// Writes one message after the other into the store at argv[2], and prints how many it was told are kept.
import { openStore } from '../../peer/store/sqlite-store.ts'

const store = openStore(process.argv[2] ?? '', {
  onTrouble: ({ message }) => process.stderr.write(`${message}\n`)
})
let kept = 0

function next(seq: number): void {
  const message = { id: `m${seq}`, room: 'kitchen', sentAtMs: Date.now(), text: 'x' }
  store.write(
    [{ kind: 'sent', name: 'ann', message, to: [{ peer: 'bob', epoch: '01', seq }] }],
    (error) => {
      if (error !== undefined) throw error
      kept = seq
      process.stdout.write(`${JSON.stringify({ kept })}\n`)
      next(seq + 1)
    }
  )
}

next(1)

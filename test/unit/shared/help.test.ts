// The text of --help, as a person sees it.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { helpText, table } from '../../../shared/help.ts'

it('the help is made from the declaration', () => {
  const text = helpText({
    command: 'parley chat',
    summary: 'Talks.',
    options: {
      room: {
        type: 'string',
        positional: true,
        placeholder: 'ROOM',
        default: 'lobby',
        help: 'where to meet'
      },
      listen: {
        type: 'string',
        multiple: true,
        placeholder: 'MULTIADDR',
        env: 'PARLEY_LISTEN',
        default: ['/ip4/0.0.0.0/tcp/0', '/ip6/::/tcp/0'],
        help: 'where to listen for those who come to this host by themselves'
      },
      json: { type: 'boolean', env: 'PARLEY_JSON', help: 'for programs' }
    },
    notes: ['The end.']
  })
  assert.equal(
    text,
    `Usage: parley chat [ROOM] [OPTIONS]

Talks.

  ROOM                where to meet (default lobby)
  --listen MULTIADDR  where to listen for those who come to this host by themselves (may be
                      repeated; default /ip4/0.0.0.0/tcp/0 and /ip6/::/tcp/0; PARLEY_LISTEN)
  --json              for programs (PARLEY_JSON)
  -h, --help          print this text
  --version           print the version

The end.
`
  )
})

it('a left side that is too wide for its column gets a line of its own', () => {
  const wide = '--an-option-with-a-very-long-name FILE'
  assert.deepEqual(
    table([
      ['--a', 'one'],
      [wide, 'two']
    ]),
    ['  --a  one', `  ${wide}\n       two`]
  )
})

// `parley id`: the peer id that others see, from the key file.
import { resolveConfig, type CommandSpec } from '../../shared/config.ts'
import { loadOrCreateIdentity } from '../../shared/identity.ts'
import { identityFile, IDENTITY_OPTION } from './identity-option.ts'
import type { ExitCode, Program } from './program.ts'

const COMMAND = {
  command: 'parley id',
  summary: 'Prints the peer id that belongs to the key file, making the key when there is none.',
  options: { identity: IDENTITY_OPTION }
} as const satisfies CommandSpec

export async function runId(program: Program): Promise<ExitCode> {
  const resolved = resolveConfig(COMMAND, program)
  if (resolved.kind === 'print') program.terminal.print(resolved.text.trimEnd())
  else {
    const key = await loadOrCreateIdentity(identityFile(resolved.values.identity, program))
    program.terminal.print(key.publicKey.toString())
  }
  return 0
}

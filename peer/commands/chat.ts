// `parley chat`: from options to a running peer to a conversation, and everything closed again.
import { userInfo } from 'node:os'
import { resolveConfig } from '../../shared/config.ts'
import { harmlessName } from '../../shared/harmless.ts'
import { loadOrCreateIdentity } from '../../shared/identity.ts'
import { lockIdentity } from '../../shared/identity-lock.ts'
import { withSecretVariable } from '../../shared/secret-option.ts'
import { loadSecrets } from '../../shared/secrets.ts'
import { MAX_NAME_BYTES, shortPeer } from '../terminal/labels.ts'
import { CHAT_COMMAND, chatSettings } from './chat-options.ts'
import { ChatView } from './chat-view.ts'
import { identityFile, stateFileOf } from './identity-option.ts'
import type { ExitCode, Program } from './program.ts'
import { DELIVERY_TIMEOUT_MS, talk } from './talk.ts'

export async function runChat(program: Program): Promise<ExitCode> {
  const { terminal, signal } = program
  const asked = resolveConfig(CHAT_COMMAND, program)
  if (asked.kind === 'print') {
    terminal.print(asked.text.trimEnd())
    return 0
  }
  const resolved = withSecretVariable(asked, program.env)
  const settings = chatSettings(resolved)
  const secrets = await loadSecrets(resolved, program.env)
  const { identity, json, verbose } = resolved.values
  const view = new ChatView({ terminal, room: settings.room, json, verbose })
  const keyFile = identityFile(identity, program)
  const privateKey = await loadOrCreateIdentity(keyFile)
  using lock = lockIdentity(keyFile)
  if (lock === undefined) {
    view.log.verbose(
      `no lock can be kept beside ${keyFile}: nothing keeps a second copy from using it`
    )
  }
  const name = settings.name ?? defaultName(privateKey.publicKey.toString())
  await using peer = await program.startPeer(
    { ...settings, name, secrets, privateKey, stateFile: stateFileOf(keyFile) },
    { signal, onEvent: view.show }
  )
  return await talk(peer, { terminal, view, signal, deliveryTimeoutMs: DELIVERY_TIMEOUT_MS })
}

function defaultName(peerId: string): string {
  const login = harmlessName(loginName() ?? '', MAX_NAME_BYTES)
  return login === '' ? shortPeer(peerId) : login
}

/** Undefined where the user has no entry in the system's list, as in many containers. */
function loginName(): string | undefined {
  try {
    return userInfo().username
  } catch {
    return undefined
  }
}

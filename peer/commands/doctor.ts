// `parley doctor`: whether this machine can talk and be direct, and if not, what to change first.
import { resolveConfig, type CommandSpec } from '../../shared/config.ts'
import { jsonLine } from '../../shared/json-line.ts'
import { loadSecrets } from '../../shared/secrets.ts'
import { withSecretVariable } from '../../shared/secret-option.ts'
import { parseRelayAddress } from '../../shared/relay-address.ts'
import { stateFolder } from '../../shared/state-folder.ts'
import type { Diagnosis } from '../doctor/diagnosis.ts'
import type { DoctorEvent } from '../doctor/events.ts'
import type { Check, Checked } from '../doctor/finding.ts'
import { styleFor, type Style } from '../terminal/paint.ts'
import { startSpinner } from '../terminal/spinner.ts'
import { checkLine, diagnosisLines, titleOf } from './doctor-lines.ts'
import { CHAT_COMMAND } from './chat-options.ts'
import type { ExitCode, Program } from './program.ts'

const COMMAND = {
  command: 'parley doctor',
  summary:
    'Looks at the relay, the NAT and this machine, and says with whom you can be direct and what to change first. It takes ten seconds at most.',
  options: {
    relay: {
      type: 'string',
      multiple: true,
      placeholder: 'MULTIADDR',
      env: 'PARLEY_RELAY',
      help: 'the relay to look at; without one, only this machine is looked at'
    },
    'secret-file': CHAT_COMMAND.options['secret-file'],
    json: { type: 'boolean', env: 'PARLEY_JSON', help: 'print JSON, one object a line' }
  },
  notes: [
    'It has an identity and a port of its own for as long as it runs, so it disturbs no chat, and asks your router to forward that port for a moment.',
    'Exit code 0: direct connections with most peers are possible. 1: something is to be changed, or cannot be told.'
  ]
} as const satisfies CommandSpec

export async function runDoctor(program: Program): Promise<ExitCode> {
  const { terminal, env, platform, signal, nodeVersion } = program
  const asked = resolveConfig(COMMAND, program)
  if (asked.kind === 'print') {
    terminal.print(asked.text.trimEnd())
    return 0
  }
  const resolved = withSecretVariable(asked, env)
  const { relay, json } = resolved.values
  const init = {
    relays: relay.map((text) => parseRelayAddress(text).address.toString()),
    secrets: await loadSecrets(resolved, env),
    nodeVersion,
    stateFolder: stateFolder(env, platform)
  }
  const { examine } = await import('../doctor/doctor.ts')
  const style = styleFor(terminal.screen, env)
  const print = (line: string): void => terminal.print(line)
  const view = json ? jsonView(print) : new HumanView(print, style)
  using _ = startSpinner(terminal, () => view.doing())
  try {
    const diagnosis = await examine(init, { signal, ...view.events })
    view.tell(diagnosis)
    return diagnosis.verdict === 'ok' ? 0 : 1
  } catch (error) {
    // Somebody has seen enough: nothing is wrong, and nothing was found out.
    if (signal.aborted) return 1
    throw error
  }
}

interface View {
  events: {
    onChecks: (checks: readonly Check[]) => void
    onChecked: (checked: Checked, check: Check) => void
  }
  tell(diagnosis: Diagnosis): void
  /** For whoever waits. */
  doing(): string
}

const at = (): string => new Date().toISOString()

/** Each as soon as it is known. */
function jsonView(print: (line: string) => void): View {
  const tell = (event: DoctorEvent): void => print(jsonLine(event))
  return {
    events: {
      onChecks: () => {},
      onChecked: (checked) => tell({ event: 'check', at: at(), ...checked })
    },
    tell: (diagnosis) => tell({ event: 'diagnosis', at: at(), ...diagnosis }),
    doing: () => 'looking'
  }
}

/** Each as soon as those before it are known too, so that the order is always the same. */
class HumanView implements View {
  readonly #print: (line: string) => void
  readonly #style: Style
  #open: Check[] = []
  readonly #known = new Map<Check, Checked>()

  constructor(print: (line: string) => void, style: Style) {
    this.#print = print
    this.#style = style
  }

  readonly events: View['events'] = {
    onChecks: (checks) => {
      this.#open = [...checks]
    },
    onChecked: (checked, check) => {
      this.#known.set(check, checked)
      this.#printKnown()
    }
  }

  tell(diagnosis: Diagnosis): void {
    for (const line of diagnosisLines(diagnosis, this.#style)) this.#print(line)
  }

  doing(): string {
    const names = this.#open.filter((check) => !this.#known.has(check)).map(({ name }) => name)
    return `looking at ${[...new Set(names)].map(titleOf).join(', ') || 'this machine'}`
  }

  #printKnown(): void {
    for (let [first] = this.#open; first !== undefined; [first] = this.#open) {
      const checked = this.#known.get(first)
      if (checked === undefined) return
      this.#print(checkLine(checked, this.#style))
      this.#open.shift()
    }
  }
}

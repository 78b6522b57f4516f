// `parley demo`: plays the story with real processes and says whether everything promised has happened.
import { resolveConfig, type CommandSpec } from '../../shared/config.ts'
import { jsonLine } from '../../shared/json-line.ts'
import { loopbackScene, type Scene } from '../demo/scene.ts'
import { tellStory } from '../demo/story.ts'
import type { Verdict } from '../demo/verdict.ts'
import type { ExitCode, Program } from './program.ts'

const COMMAND = {
  command: 'parley demo',
  summary:
    'Shows it all with real processes: a relay and two peers, relayed, direct, the relay killed, more talk.',
  options: {
    json: {
      type: 'boolean',
      env: 'PARLEY_JSON',
      help: 'print one JSON object a line instead of words'
    }
  },
  notes: [
    'In a checkout, "npm start" plays it behind simulated NATs where the machine can make them.'
  ]
} as const satisfies CommandSpec

/** It takes some 6 s; a machine that needs longer than this is stuck. */
const PATIENCE_MS = 45_000

export async function runDemo(program: Program): Promise<ExitCode> {
  const resolved = resolveConfig(COMMAND, program)
  if (resolved.kind === 'print') {
    program.terminal.print(resolved.text.trimEnd())
    return 0
  }
  await using scene = loopbackScene('"npm start" in a checkout has them', program)
  return playDemo(scene, {
    ...program,
    json: resolved.values.json,
    print: (line) => program.terminal.print(line)
  })
}

export interface DemoStage {
  json: boolean
  print: (line: string) => void
  signal: AbortSignal
}

/** Exit code 1 when anything promised did not happen. */
export async function playDemo(
  scene: Scene,
  { json, print, signal }: DemoStage
): Promise<ExitCode> {
  const show = (object: object, words: string): void => print(json ? jsonLine(object) : words)
  const startedMs = performance.now()
  const limit = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)])
  try {
    const found = await tellStory(
      scene,
      ({ step, text, ms }) => show({ event: 'demo', step, text, ms }, `${seconds(ms)}  ${text}`),
      { signal: limit }
    )
    const tookMs = Math.round(performance.now() - startedMs)
    show({ event: 'verdict', ...found, tookMs }, `\n${inWords(found, tookMs)}`)
    return found.broken.length === 0 ? 0 : 1
  } catch (error) {
    if (signal.aborted) return 1
    const message = error instanceof Error ? error.message : String(error)
    show({ event: 'error', code: 'demo-failed', message }, `\nThe demo failed: ${message}`)
    return 1
  }
}

function inWords(found: Verdict, tookMs: number): string {
  const { sent, shown, lost, doubled, outOfOrder, relayedMs, directMs, broken } = found
  const path = relayedMs === undefined ? '' : `relayed after ${relayedMs} ms, `
  return [
    `${sent} messages sent, ${shown} shown; lost ${lost}, doubled ${doubled}, out of order ${outOfOrder}.`,
    `Paths: ${path}${directMs === undefined ? 'never direct' : `direct after ${directMs} ms`}. The whole story took ${(tookMs / 1000).toFixed(1)} s.`,
    broken.length === 0
      ? 'Everything promised has happened.'
      : `NOT AS PROMISED: ${broken.join('; ')}.`
  ].join('\n')
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2).padStart(6)} s`
}

// Whether the system lets this process open as many files as the limits let connections in. (pure)
import type { RelayLimits } from './limits.ts'

/** What a relay has open beside its connections: its own files, the status port and those who ask there. */
const BESIDE = 128

/** What is to be mended, in a sentence; undefined when all is well, or the system does not say. */
export function openFilesProblem(
  { connections }: Pick<RelayLimits, 'connections'>,
  maxOpenFiles: number | undefined
): string | undefined {
  const needed = connections + BESIDE
  if (maxOpenFiles === undefined || maxOpenFiles >= needed) return undefined
  return `the system lets this process open ${maxOpenFiles} files, and ${connections} connections need ${needed}: raise it to that (ulimit -n, LimitNOFILE, --ulimit nofile), or lower the limit connections; until then those beyond it are closed without a word`
}

/** Of what Node reports of its process. Node has raised it to what it may be; undefined where the system has no such limit. */
export function openFilesOf(report: {
  userLimits?: { open_files?: { soft: unknown } }
}): number | undefined {
  const soft = report.userLimits?.open_files?.soft
  return typeof soft === 'number' ? soft : undefined
}

// libp2p's own log, which DEBUG turns on, without its cost where it is off: the library makes a logger with a name of
// its own for each connection and stream, and asks the terminal each time whether it has colours.
import type { ComponentLogger, Logger } from '@libp2p/interface'
import { defaultLogger } from '@libp2p/logger'

const nothing = (): void => {}

const SILENT: Logger = Object.assign(nothing, {
  enabled: false,
  error: nothing,
  trace: nothing,
  newScope: () => SILENT
})

/** What DEBUG names is logged as ever; what it does not name at its start, is not named later. */
export function quietLogger(inner: ComponentLogger = defaultLogger()): ComponentLogger {
  // The names of components are written in the libraries; one of them is asked for by every connection.
  const silent = new Set<string>()
  return {
    forComponent(name) {
      if (silent.has(name)) return SILENT
      const logger = inner.forComponent(name)
      if (isHeard(logger)) return logger
      silent.add(name)
      return SILENT
    }
  }
}

/** Also at one of its other levels; their type does not tell. */
function isHeard(logger: Logger): boolean {
  if (logger.enabled) return true
  return ['error', 'trace'].some((level) => {
    const log: unknown = Reflect.get(logger, level)
    return typeof log === 'function' && Reflect.get(log, 'enabled') === true
  })
}

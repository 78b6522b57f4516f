// How many peers a relay dials back at the same time. (pure)
import { usageOf, type RelayLimits, type Usage } from '../limits.ts'
import type { TooMany } from '../request-rates.ts'

export class DialBacks {
  readonly #limits: Readonly<RelayLimits>
  #underWay = 0

  /** Live. */
  constructor(limits: Readonly<RelayLimits>) {
    this.#limits = limits
  }

  /** One more, which is over when it is disposed; or why not. */
  begin(): Disposable | TooMany {
    const limit = 'dial-backs'
    const max = this.#limits[limit]
    if (this.#underWay >= max) {
      return { limit, reason: `${max} peers are being dialled back already` }
    }
    this.#underWay++
    return { [Symbol.dispose]: () => void this.#underWay-- }
  }

  usage(): Usage[] {
    return usageOf({ 'dial-backs': this.#underWay }, this.#limits)
  }
}

// Whoever asks for a reload before the relay is there to do it has it done as soon as it is.

/** `systemctl reload` right after a restart reports success; without a listener SIGHUP would even end the process. */
export class ReloadRequests {
  #reload: (() => void) | undefined
  #asked = false

  ask = (): void => {
    if (this.#reload === undefined) this.#asked = true
    else this.#reload()
  }

  /** Once; calls it at once when somebody has asked already. */
  onAsked = (reload: () => void): void => {
    this.#reload = reload
    if (this.#asked) reload()
  }
}

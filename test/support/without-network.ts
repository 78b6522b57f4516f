// Preloaded (`node --import`), it makes the real peer/main.ts start a scripted peer instead of one on the network.
import { registerHooks } from 'node:module'

registerHooks({
  resolve(specifier, context, next) {
    if (specifier === './peer.ts' && context.parentURL?.endsWith('/peer/main.ts') === true) {
      return { url: new URL('./scripted-peer.ts', import.meta.url).href, shortCircuit: true }
    }
    return next(specifier, context)
  }
})

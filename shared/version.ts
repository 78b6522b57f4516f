// The version of the package, for `--version` and for what identify tells others.
import manifest from '../package.json' with { type: 'json' }

export const version: string = manifest.version

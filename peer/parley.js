#!/usr/bin/env node
// The bin `parley`: as main.ts, also under a Node that cannot read TypeScript.
import { launch } from '../shared/launch.js'

await launch(() => import('./main.ts'))

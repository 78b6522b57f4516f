// Every scenario, in the order of the table.

import { PATH_FAULTS } from './path-faults.ts'
import { PEER_FAULTS } from './peer-faults.ts'
import { RELAY_FAULTS } from './relay-faults.ts'
import type { Scenario } from './scenario.ts'

export const SCENARIOS: readonly Scenario[] = [...PATH_FAULTS, ...RELAY_FAULTS, ...PEER_FAULTS]

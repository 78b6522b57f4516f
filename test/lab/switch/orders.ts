// What a network tells its switch process, and what it hears back.

import type { PortOptions } from './fabric.ts'

export type SwitchOrder =
  | { do: 'addPort'; port: string; options: PortOptions }
  | { do: 'setDelay'; port: string; delayMs: number }
  | { do: 'setLoss'; port: string; lossPercent: number }
  | { do: 'cut' | 'restore'; port: string }

export interface SwitchRequest {
  id: number
  order: SwitchOrder
}

export interface SwitchReply {
  id: number
  error?: string
}

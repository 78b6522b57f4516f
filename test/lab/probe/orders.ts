// What a test asks of a probe, and what it hears back.

export interface Target {
  host: string
  port: number
  /** 0 or absent: the kernel chooses. */
  localPort?: number
  timeoutMs?: number
}

export type ProbeOrder =
  | { do: 'listen'; port: number }
  | ({ do: 'connect' } & Target)
  | ({ do: 'punch'; localPort: number } & Target)
  | ({ do: 'send'; bytes: number } & Target)

export interface ProbeOutcome {
  /** listening, connected, sent, timeout, or the error's code: ECONNREFUSED … */
  result: string
  /** How long it took: for connect one round trip, for send until the other side had everything. */
  ms: number
  /** "address port" of this side, as the other side sees it. */
  seenAs?: string
}

export interface ProbeRequest {
  id: number
  order: ProbeOrder
}

export interface ProbeReply {
  id: number
  outcome?: ProbeOutcome
  error?: string
}

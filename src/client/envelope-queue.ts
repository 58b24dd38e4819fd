import type { DeviceId } from '../protocol/ids.ts'
import { ClientFailure } from './api.ts'
import type { SocketConnection } from './connection.ts'
import type { ClientContext } from './context.ts'
import type { LogDevice } from './parts.ts'
import { reportAs } from './quiet.ts'
import type { Peer, SessionPool } from './sessions.ts'
import type { Step, Steps } from './steps.ts'

const LOT = 100
type Row = { deviceId: DeviceId; frame: Uint8Array }

/** Packets without a body, on their way (table outbox, v/<place>): acknowledgements, requests, keys, syncs. */
export class EnvelopeQueue {
  #next = 1
  #isFlushing = false

  constructor(
    private readonly context: ClientContext,
    private readonly connection: SocketConnection,
    private readonly sessions: SessionPool,
    private readonly steps: Steps,
  ) {}

  async open(): Promise<void> {
    const range = { from: 'v/', before: 'v0', descending: true, limit: 1 }
    const [last] = await this.context.store.list<Row>('outbox', range)
    if (last) this.#next = Number(last.key.slice(2)) + 1
  }

  /** Queues a frame that this step sealed. */
  put(step: Step, deviceId: DeviceId, frame: Uint8Array): void {
    const row: Row = { deviceId, frame }
    step.put('outbox', `v/${String(this.#next++).padStart(12, '0')}`, row)
    step.afterwards(() => this.flushSoon())
  }

  async acknowledgeInitial(step: Step, peer: Peer): Promise<void> {
    const frame = await this.sessions.sealAck(step, peer)
    if (frame) this.put(step, peer.deviceId, frame)
  }

  /** One packet for each of these devices, sessions begun where there are none. */
  async send(devices: readonly LogDevice[], packet: Uint8Array): Promise<void> {
    if (devices.length === 0) return
    await this.sessions.prepare(devices)
    await this.steps.run(async (step) => {
      for (const device of devices) {
        const frame = await this.sessions.seal(step, device, packet)
        if (frame) this.put(step, device.deviceId, frame)
      }
    })
  }

  flushSoon(): void {
    // Rows stay until the home took them; the next connection sends what was left.
    this.flush().catch(reportAs('envelopes stay queued'))
  }

  async flush(): Promise<void> {
    if (this.#isFlushing) return
    this.#isFlushing = true
    try {
      while (this.connection.isOnline) {
        const rows = await this.context.store.list<Row>('outbox', { from: 'v/', before: 'v0', limit: LOT })
        if (rows.length === 0) return
        await this.#deliver(rows.map((row) => row.value))
        await this.context.store.commit(rows.map(({ key }) => ({ table: 'outbox', key, value: null })))
      }
    } finally {
      this.#isFlushing = false
    }
  }

  /** A device that is gone must not hold up the others: after a refusal each goes alone, and what is refused is dropped. */
  async #deliver(rows: readonly Row[]): Promise<void> {
    try {
      await this.connection.request({ type: 'sendEnvelopes', envelopes: [...rows] }, 'done')
    } catch (error) {
      const isRefused =
        error instanceof ClientFailure &&
        ['not_found', 'not_allowed', 'bad_request', 'recipients_changed'].includes(error.code)
      if (!isRefused) throw error
      if (rows.length > 1) for (const row of rows) await this.#deliver([row])
    }
  }
}

import type { AccountId, DeviceId } from '../protocol/ids.ts'

/** One device's open line. The hub hands out bytes; `connection.ts` knows what a WebSocket is. */
export interface Line {
  readonly accountId: AccountId
  readonly deviceId: DeviceId
  /** Somebody is looking at this device now. */
  readonly isActive: boolean
  /** Never waits and never throws. `envelopeId`: the largest one inside, 0 for a frame without envelopes. */
  send(frame: Uint8Array, envelopeId?: number): void
  /** Says why, then closes: the session ended. */
  end(code: string): void
  /** Closes without a word: the device opened a newer line. */
  replace(): void
}

/** Who is connected now. It knows devices and accounts and nothing of what is sent. */
export class Hub {
  readonly #lines = new Map<DeviceId, Line>()
  readonly #accounts = new Map<AccountId, Set<Line>>()

  get size(): number {
    return this.#lines.size
  }

  /** One line a device: a newer one takes the place of the older. */
  add(line: Line): void {
    const older = this.#lines.get(line.deviceId)
    if (older) {
      this.remove(older)
      older.replace()
    }
    this.#lines.set(line.deviceId, line)
    const lines = this.#accounts.get(line.accountId)
    if (lines) lines.add(line)
    else this.#accounts.set(line.accountId, new Set([line]))
  }

  /** False if the line was not the device's own any more. */
  remove(line: Line): boolean {
    if (this.#lines.get(line.deviceId) !== line) return false
    this.#lines.delete(line.deviceId)
    const lines = this.#accounts.get(line.accountId)
    lines?.delete(line)
    if (lines?.size === 0) this.#accounts.delete(line.accountId)
    return true
  }

  isOnline(deviceId: DeviceId): boolean {
    return this.#lines.has(deviceId)
  }

  onlineDevices(accountId: AccountId): DeviceId[] {
    return [...(this.#accounts.get(accountId) ?? [])].map((line) => line.deviceId)
  }

  /** Somebody of this account is looking. */
  isActive(accountId: AccountId): boolean {
    for (const line of this.#accounts.get(accountId) ?? []) if (line.isActive) return true
    return false
  }

  sendToDevice(deviceId: DeviceId, frame: Uint8Array, envelopeId = 0): void {
    this.#lines.get(deviceId)?.send(frame, envelopeId)
  }

  sendToAccount(accountId: AccountId, frame: Uint8Array, exceptDeviceId?: DeviceId): void {
    const lines = this.#accounts.get(accountId)
    if (!lines) return
    for (const line of lines) if (line.deviceId !== exceptDeviceId) line.send(frame)
  }

  broadcast(frame: Uint8Array): void {
    for (const line of this.#lines.values()) line.send(frame)
  }

  /** Ends the device's line with a `signedOut` frame of this code. */
  disconnectDevice(deviceId: DeviceId, code: string): void {
    this.#lines.get(deviceId)?.end(code)
  }
}

import { Refusal } from '../../../protocol/errors.ts'
import type { AccountId } from '../../../protocol/ids.ts'
import type { Clock } from '../../clock.ts'
import { RateLimit } from '../../rate-limit.ts'
import type { SyncTransaction } from '../../storage/database.ts'
import { sumEnvelopes } from './store.ts'

/** What one account may put on this disk and on these lines. A family never comes near; who fills the disk on purpose stops here. */
export interface AllowanceLimits {
  /** Envelopes of one account that wait for others' devices. */
  maxWaitingBytes: number
  storedBytesPerSecond: number
  storedBytesBurst: number
  transientBytesPerSecond: number
  transientBytesBurst: number
}

const mebibyte = 1024 ** 2
export const allowanceLimits: AllowanceLimits = {
  maxWaitingBytes: 256 * mebibyte,
  storedBytesPerSecond: mebibyte / 16,
  storedBytesBurst: 256 * mebibyte,
  transientBytesPerSecond: mebibyte / 16,
  transientBytesBurst: mebibyte,
}

/** A row costs more than what is in it. */
const rowBytes = 128
const recountMs = 10_000

interface Room {
  bytes: number
  countedAt: number
}

export class Allowance {
  readonly #rooms = new Map<AccountId, Room>()
  readonly #stored: RateLimit
  readonly #transient: RateLimit

  constructor(
    private readonly clock: Clock,
    private readonly limits: AllowanceLimits = allowanceLimits,
  ) {
    this.#stored = new RateLimit(clock, { perSecond: limits.storedBytesPerSecond, burst: limits.storedBytesBurst })
    this.#transient = new RateLimit(clock, {
      ...{ perSecond: limits.transientBytesPerSecond, burst: limits.transientBytesBurst },
    })
  }

  /** Throws `too_many` for who writes faster than anybody types. */
  takeStored(accountId: AccountId, parts: readonly Uint8Array[]): void {
    this.#stored.take(accountId, sizeOf(parts))
  }

  takeTransient(accountId: AccountId, parts: readonly Uint8Array[]): void {
    this.#transient.take(accountId, sizeOf(parts))
  }

  /** Throws `too_many` while too much of this account waits. Counts in memory, and in the table only when that is used up. */
  takeWaiting(sync: SyncTransaction, accountId: AccountId, frames: readonly Uint8Array[]): void {
    if (frames.length === 0) return
    const wanted = sizeOf(frames)
    const room = this.#roomFor(sync, accountId, wanted)
    if (room.bytes < wanted) throw new Refusal('too_many', { retryAfterMs: recountMs })
    room.bytes -= wanted
  }

  #roomFor(sync: SyncTransaction, accountId: AccountId, wanted: number): Room {
    const now = this.clock.now()
    const known = this.#rooms.get(accountId)
    const isFresh = known && now >= known.countedAt && now - known.countedAt < recountMs
    if (known && (known.bytes >= wanted || isFresh)) return known
    const { count, bytes } = sumEnvelopes(sync, accountId)
    const counted = { bytes: this.limits.maxWaitingBytes - bytes - count * rowBytes, countedAt: now }
    this.#rooms.set(accountId, counted)
    return counted
  }
}

function sizeOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length + rowBytes, 0)
}

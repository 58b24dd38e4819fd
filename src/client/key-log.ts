import { equal } from '../crypto/bytes.ts'
import { sha256 } from '../crypto/hash.ts'
import { parseLogEntry } from '../crypto/key-log.ts'
import { type DeviceKeys, findUser } from '../crypto/key-log-validator.ts'
import type { LogPublicKey } from '../crypto/key-types.ts'
import { type LogHead, STH_MAX_AGE_MS } from '../crypto/sth.ts'
import { type AccountId, type DeviceId, idFromBytes, idToBytes } from '../protocol/ids.ts'
import { limits } from '../protocol/limits.ts'
import { type AlarmView, ClientFailure } from './api.ts'
import type { ClientContext } from './context.ts'
import { bytesOf } from './encoding.ts'
import type { Http } from './http.ts'
import { copyWrites, entryKey, growCopy, LogConflict, type LogCopy, loadCopy, readHead } from './key-log-copy.ts'
import type { KeyLog, LogDevice } from './parts.ts'

/** A larger head that a peer saw and the home does not show for this long is an alarm (PROTOCOL 4.2). */
const UNREACHABLE_AFTER_MS = 24 * 3_600_000
const MAX_PAGES = 1_000
/** Far more than any family writes in a lifetime; what cannot be checked before its end must not fill the memory. */
const MAX_ENTRIES = 100_000

export type Alarm = Omit<AlarmView, 'at'>
/** What the log needs of its surroundings. */
export type KeyLogNeeds = {
  context: ClientContext
  http: Http
  logPublicKey: LogPublicKey
  raiseAlarm(alarm: Alarm, evidence: Uint8Array[]): void
  isAlarmed(): boolean
  /** True when the home now says another incarnation than the one remembered: a smaller log is then a restore, not a rollback. */
  hasNewIncarnation(): Promise<boolean>
  /** The home was restored at some time: a peer may still hold the head of the branch that was lost. */
  wasRestored(): boolean
}

type PendingGossip = LogHead & { since: number }

/** Opens the local copy; see KeyLog for what it answers. */
export async function openKeyLog(needs: KeyLogNeeds): Promise<KeyLog> {
  const copy = await loadCopy(needs.context.store)
  const pending = await needs.context.store.get<PendingGossip>('log', 'gossip')
  return new KeyLogReplica(needs, copy, pending)
}

function toLogDevice(accountId: AccountId, keys: DeviceKeys): LogDevice {
  const { deviceId: rawDeviceId, dsk, dik, status, addedAt } = keys
  const deviceId = idFromBytes<DeviceId>(rawDeviceId)
  return { accountId, deviceId, userId: idToBytes(accountId), rawDeviceId, dsk, dik, status, addedAt }
}

class KeyLogReplica implements KeyLog {
  #queue: Promise<unknown> = Promise.resolve()
  #confirmedAt = Number.NEGATIVE_INFINITY
  readonly #listeners = new Set<(from: number, to: number) => void>()

  constructor(
    private readonly needs: KeyLogNeeds,
    private copy: LogCopy,
    private pending: PendingGossip | null,
  ) {}

  state() {
    return this.copy.state
  }
  accountIds() {
    return [...this.copy.state.users.values()].map((user) => idFromBytes<AccountId>(user.userId))
  }
  activeDevices(accountId: AccountId): LogDevice[] {
    return this.#devices(accountId).filter((device) => device.status === 'active')
  }
  device(accountId: AccountId, deviceId: DeviceId): LogDevice | null {
    return this.#devices(accountId).find((device) => device.deviceId === deviceId) ?? null
  }
  uikHash(accountId: AccountId): Uint8Array | null {
    const user = findUser(this.copy.state, idToBytes(accountId))
    return user === null ? null : sha256(user.uik)
  }
  head(): LogHead {
    return { size: this.copy.tree.size, root: this.copy.tree.root() }
  }
  signedHead() {
    return this.copy.signedHead
  }
  headAgeMs() {
    // A head from the future would never grow old: it counts as far away as one of the past.
    return Math.abs(this.#now() - this.copy.headTime)
  }
  isAlarmed() {
    return this.needs.isAlarmed()
  }
  onGrown(listener: (from: number, to: number) => void) {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }
  async entriesFrom(index: number): Promise<Uint8Array[]> {
    const range = { from: entryKey(index), before: entryKey(this.copy.tree.size) }
    const rows = await this.needs.context.store.list<Uint8Array>('log', range)
    return rows.map((row) => row.value)
  }

  async ensureFresh(maxAgeMs: number): Promise<void> {
    if (this.isAlarmed()) throw new ClientFailure('alarm')
    if (this.#now() - this.#confirmedAt > maxAgeMs) await this.refresh()
    if (this.headAgeMs() > STH_MAX_AGE_MS) throw new ClientFailure('untrusted_server', 0, 'the newest head is too old')
  }

  refresh(): Promise<void> {
    return this.#inTurn(async () => {
      const page = await this.#fetch(this.copy.tree.size)
      await this.#take(this.copy.tree.size, page.entries, page.treeHead)
    })
  }

  applyGrown(from: number, entries: readonly Uint8Array[], treeHead: Uint8Array): Promise<void> {
    return this.#inTurn(() => this.#take(from, entries, treeHead)).catch((error: unknown) => {
      // A conflict was raised as an alarm; what was not reachable is fetched at the next head.
      if (!(error instanceof ClientFailure)) throw error
    })
  }

  async checkGossip(head: LogHead): Promise<'match' | 'alarm' | 'pending'> {
    const known = this.#compare(head)
    if (known !== null) return known ? 'match' : this.#alarmGossip(head)
    await this.refresh().catch(() => undefined)
    const fetched = this.#compare(head)
    if (fetched !== null) return fetched ? 'match' : this.#alarmGossip(head)
    if (this.isAlarmed()) return 'alarm'
    await this.#waitFor(head)
    return 'pending'
  }

  #devices(accountId: AccountId): LogDevice[] {
    const user = findUser(this.copy.state, idToBytes(accountId))
    return (user?.devices ?? []).map((keys) => toLogDevice(accountId, keys))
  }

  #now(): number {
    return this.needs.context.platform.clock.now()
  }

  /** Same root at that size? null: the copy does not reach so far. */
  #compare(head: LogHead): boolean | null {
    if (head.size > this.copy.tree.size) return null
    return equal(this.copy.tree.rootAt(head.size), head.root)
  }

  #alarmGossip(head: LogHead): 'alarm' {
    const kind = this.needs.wasRestored() ? 'lost_branch' : 'fork'
    this.#alarm({ kind, personId: null, deviceId: null, detail: `another member saw another log of ${head.size}` }, [
      head.root,
    ])
    return 'alarm'
  }

  async #waitFor(head: LogHead): Promise<void> {
    if (this.pending !== null && this.pending.size >= head.size) return
    this.pending = { size: head.size, root: head.root, since: this.pending?.since ?? this.#now() }
    await this.needs.context.store.commit([{ table: 'log', key: 'gossip', value: this.pending }])
  }

  async #checkPending(): Promise<void> {
    const { pending } = this
    if (pending === null) return
    const isSame = this.#compare(pending)
    if (isSame === null) {
      if (this.#now() - pending.since < UNREACHABLE_AFTER_MS) return
      const detail = `the home does not show the log of ${pending.size} that another member saw`
      this.#alarm({ kind: 'unreachable_head', personId: null, deviceId: null, detail }, [pending.root])
      return
    }
    this.pending = null
    await this.needs.context.store.commit([{ table: 'log', key: 'gossip', value: null }])
    if (!isSame) this.#alarmGossip(pending)
  }

  #alarm(alarm: Alarm, evidence: Uint8Array[]): void {
    const own = this.copy.signedHead
    this.needs.raiseAlarm(alarm, own === null ? evidence : [own, ...evidence])
  }

  async #fetch(from: number) {
    const page = await this.needs.http.log(from)
    const isFair =
      page.entries.length <= limits.maxLogPageEntries && page.entries.every((entry) => entry.length < 4_096)
    if (!isFair) throw new LogConflict('fork', 'a page of the log that is too long')
    return { entries: page.entries.map((entry) => bytesOf(entry)), treeHead: bytesOf(page.treeHead, 144) }
  }

  /** One at a time: growth is judged against the copy it will replace. */
  #inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const run = this.#queue.then(work)
    this.#queue = run.catch(() => undefined)
    return run
  }

  async #take(from: number, entries: readonly Uint8Array[], treeHead: Uint8Array): Promise<void> {
    if (this.isAlarmed()) throw new ClientFailure('alarm')
    try {
      await this.#judge(from, entries, treeHead)
    } catch (error) {
      if (!(error instanceof LogConflict)) throw error
      await this.#answerConflict(error, treeHead)
    }
    await this.#checkPending()
  }

  async #judge(from: number, entries: readonly Uint8Array[], treeHead: Uint8Array): Promise<void> {
    const head = readHead(this.needs.logPublicKey, treeHead)
    const { size } = this.copy.tree
    if (head.size < size) return this.#judgeSmaller(head)
    const fresh = from <= size ? entries.slice(size - from, head.size - from) : []
    if (fresh.length === head.size - size) return this.#grow(fresh, head, treeHead)
    return this.#catchUp(head.size)
  }

  /** An older head may arrive late and must then be a beginning of ours; a newer one that shows less is a rollback. */
  #judgeSmaller(head: LogHead & { time: number }): void {
    if (head.time > this.copy.headTime) throw new LogConflict('rollback', `the log shrank to ${head.size}`)
    if (this.#compare(head) === false) throw new LogConflict('fork', 'an older head has another root')
  }

  async #catchUp(target: number): Promise<void> {
    for (let pages = 0; pages < MAX_PAGES && this.copy.tree.size < target; pages++) {
      const collected: Uint8Array[] = []
      const start = this.copy.tree.size
      let page = await this.#fetch(start)
      let head = readHead(this.needs.logPublicKey, page.treeHead)
      if (head.size < target) throw new LogConflict('rollback', `announced ${target}, shows ${head.size}`)
      collected.push(...page.entries)
      while (start + collected.length < head.size && page.entries.length > 0) {
        if (collected.length > MAX_ENTRIES) throw new LogConflict('fork', 'a log without end')
        page = await this.#fetch(start + collected.length)
        head = readHead(this.needs.logPublicKey, page.treeHead)
        collected.push(...page.entries)
      }
      const wanted = collected.slice(0, head.size - start)
      if (wanted.length < head.size - start)
        throw new LogConflict('fork', 'the home withholds entries under its own head')
      await this.#grow(wanted, head, page.treeHead)
    }
  }

  async #grow(entries: Uint8Array[], head: LogHead & { time: number }, treeHead: Uint8Array): Promise<void> {
    const before = this.copy
    const grown = growCopy(before, entries, head, treeHead)
    this.#confirmedAt = this.#now()
    if (entries.length === 0 && head.time <= before.headTime) return
    await this.needs.context.store.commit(copyWrites(grown, before.tree.size, entries))
    this.copy = grown
    if (entries.length === 0) return
    for (const listener of this.#listeners) listener(before.tree.size, grown.tree.size)
  }

  async #answerConflict(conflict: LogConflict, treeHead: Uint8Array): Promise<never> {
    if (conflict.kind === 'rollback' && (await this.needs.hasNewIncarnation())) throw new ClientFailure('healing')
    const { kind, detail, badEntry } = conflict
    this.#alarm({ kind, detail, ...namesIn(badEntry) }, badEntry === null ? [treeHead] : [treeHead, badEntry])
    throw new ClientFailure('alarm', 0, detail)
  }
}

/** Whom a refused entry speaks of, as far as it can be read. */
function namesIn(badEntry: Uint8Array | null): Pick<AlarmView, 'personId' | 'deviceId'> {
  const unknown = { personId: null, deviceId: null }
  if (badEntry === null) return unknown
  try {
    const { userId, body } = parseLogEntry(badEntry)
    const deviceId = body.type === 'device-add' ? idFromBytes<DeviceId>(body.deviceId) : null
    return { personId: idFromBytes<AccountId>(userId), deviceId }
  } catch {
    return unknown
  }
}

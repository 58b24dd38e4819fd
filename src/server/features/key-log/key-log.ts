import {
  activeDevices,
  admitEntries,
  admitEntry,
  checkSth,
  EMPTY_KEY_LOG,
  findUser,
  type KeyLogState,
  type LogEntry,
  leafHash,
  MerkleTree,
  parseLogEntry,
} from '../../../crypto/verify.ts'
import type { LogPage } from '../../../protocol/devices.ts'
import { Refusal } from '../../../protocol/errors.ts'
import { type AccountId, type DeviceId, idFromBytes, toBase64Url } from '../../../protocol/ids.ts'
import { limits } from '../../../protocol/limits.ts'
import { serverFrames } from '../../../protocol/socket.ts'
import { writeAudit } from '../../audit.ts'
import type { Clock } from '../../clock.ts'
import { refuseBroken } from '../../errors.ts'
import type { Hub } from '../../hub.ts'
import type { LogKey } from '../../log-key.ts'
import type { Database, Reader, Transaction } from '../../storage/database.ts'
import {
  endDevice,
  forgetIdentity,
  insertDevice,
  insertEntry,
  insertFoundAccount,
  listActiveDeviceIds,
  readAllEntries,
  readEntries,
} from './store.ts'

type Parts = { database: Database; clock: Clock; hub: Hub; logKey: LogKey }

/** `rest`: leaf hashes of what comes behind `entries`, up to the head. */
type HealOffer = { from: number; entries: readonly Uint8Array[]; treeHead: Uint8Array; rest: Uint8Array }

/** Entries of one transaction that are not yet committed. */
type Growth = { state: KeyLogState; from: number; entries: Uint8Array[]; ended: Ended[] }
type Ended = { deviceId: DeviceId; code: 'device_removed' | 'began_anew' | 'account_gone' }
type Watcher = (tx: Transaction, accountId: AccountId) => Promise<void>

/** A device-revoke with this reason ends the device because its person leaves this home (PROTOCOL 5.17). */
export const leftReason = 4

/**
 * The key log (PROTOCOL 4.2): the validator's state and the tree in memory, the entries on disk. Only the one writer appends, so the
 * state it looks at is the newest.
 */
export class KeyLog {
  #state: KeyLogState = EMPTY_KEY_LOG
  #tree = new MerkleTree()
  #treeHead: Uint8Array
  readonly #growing = new WeakMap<Transaction, Growth>()
  readonly #watchers: ((accountIds: AccountId[]) => void)[] = []
  readonly #resetWatchers: Watcher[] = []
  readonly #leaveWatchers: Watcher[] = []

  private constructor(private readonly parts: Parts) {
    this.#treeHead = this.#signHead()
  }

  static async load(parts: Parts): Promise<KeyLog> {
    const log = new KeyLog(parts)
    const entries = await readAllEntries(parts.database)
    log.#state = admitEntries(EMPTY_KEY_LOG, entries)
    log.#tree = new MerkleTree(entries.map(leafHash))
    log.#treeHead = log.#signHead()
    return log
  }

  /** What the committed entries say. */
  get state(): KeyLogState {
    return this.#state
  }
  get size(): number {
    return this.#state.size
  }
  /** The newest signed head, 144 bytes. */
  get treeHead(): Uint8Array {
    return this.#treeHead
  }
  get publicKey(): Uint8Array {
    return this.parts.logKey.publicKey
  }

  /** Called inside the transaction that changes which devices these accounts have. */
  onDevicesChanging(watcher: (accountIds: AccountId[]) => void): void {
    this.#watchers.push(watcher)
  }

  /** Called inside the transaction in which this account's person begins anew. */
  onIdentityReset(watcher: Watcher): void {
    this.#resetWatchers.push(watcher)
  }

  /** Called inside the transaction in which this account's last device ends because its person leaves. */
  onLeave(watcher: Watcher): void {
    this.#leaveWatchers.push(watcher)
  }

  /** Everything of an account that only its own devices could open goes, and the devices with it. */
  async endAccount(tx: Transaction, accountId: AccountId): Promise<void> {
    const ended = await listActiveDeviceIds(tx, accountId)
    for (const deviceId of ended) await endDevice(tx, deviceId, this.parts.clock.now())
    await forgetIdentity(tx, accountId)
    for (const watcher of this.#watchers) watcher([accountId])
    tx.onCommit(() => {
      for (const deviceId of ended) this.parts.hub.disconnectDevice(deviceId, 'account_gone')
    })
  }

  async readPage(from: number): Promise<LogPage> {
    const { size, treeHead } = this
    const count = Math.max(0, Math.min(limits.maxLogPageEntries, size - from))
    const entries = await readEntries(this.parts.database, from, count)
    return { entries: entries.map(toBase64Url), treeHead: toBase64Url(treeHead) }
  }

  /** Every entry that a signed head covers; one that is on disk but not signed for yet is left out. */
  readAll(reader: Reader = this.parts.database): Promise<Uint8Array[]> {
    return readEntries(reader, 0, this.size)
  }

  /** Every entry and the head that covers exactly these. */
  async readWhole(): Promise<LogPage> {
    const { treeHead } = this
    const entries = await this.readAll()
    return { entries: entries.map(toBase64Url), treeHead: toBase64Url(treeHead) }
  }

  /**
   * Adds entries that the validator takes; the rest of the server hears of them after the commit. `log_moved`: somebody was
   * faster. `bad_entry`: never. Returns the index of the first.
   */
  async append(tx: Transaction, entries: readonly Uint8Array[]): Promise<number> {
    const growth = this.#growthOf(tx)
    const first = growth.state.size
    for (const bytes of entries) await this.#appendOne(tx, growth, bytes)
    return first
  }

  /**
   * Takes back what a backup lacks: entries behind a head that this server itself signed before (PROTOCOL 4.14). False if the
   * head shows nothing newer.
   */
  async adopt(tx: Transaction, offer: HealOffer) {
    const head = refuseBroken('bad_signature', () => checkSth(this.parts.logKey.publicKey, offer.treeHead))
    const end = Math.min(offer.from + offer.entries.length, head.size)
    if (head.size <= this.size || offer.entries.length === 0) return false
    if (offer.from > this.size || end + offer.rest.length / 32 !== head.size)
      throw new Refusal('bad_entry', { detail: 'entries are missing' })
    const missing = offer.entries.slice(Math.max(0, this.size - offer.from), end - offer.from)
    const tree = this.#tree.clone()
    for (const entry of missing) tree.append(leafHash(entry))
    const known = Math.max(0, this.size - end) * 32
    for (let at = known; at < offer.rest.length; at += 32) tree.append(offer.rest.slice(at, at + 32))
    if (!Buffer.from(tree.root()).equals(head.root)) throw new Refusal('bad_entry', { detail: 'root' })
    await this.append(tx, missing)
    return missing.length > 0
  }

  /** A fresher head for the same log, so that nobody has to trust an old one. */
  refreshHead(): void {
    this.#treeHead = this.#signHead()
    this.#broadcast(this.size, [])
  }

  #signHead(): Uint8Array {
    const { logKey, clock } = this.parts
    return logKey.signHead({ size: this.#tree.size, root: this.#tree.root(), time: clock.now() })
  }

  #growthOf(tx: Transaction): Growth {
    const known = this.#growing.get(tx)
    if (known) return known
    const growth: Growth = { state: this.#state, from: this.size, entries: [], ended: [] }
    this.#growing.set(tx, growth)
    tx.onCommit(() => this.#adoptGrowth(growth))
    return growth
  }

  async #appendOne(tx: Transaction, growth: Growth, bytes: Uint8Array): Promise<void> {
    const entry = refuseBroken('bad_entry', () => parseLogEntry(bytes))
    assertNotMoved(growth.state, entry)
    const index = growth.state.size
    growth.state = refuseBroken('bad_entry', () => admitEntry(growth.state, bytes))
    growth.entries.push(bytes)
    const accountId = idFromBytes<AccountId>(entry.userId)
    await insertEntry(tx, { index, accountId, entry: bytes, receivedAt: this.parts.clock.now() })
    await this.#followEntry(tx, growth, entry)
    for (const watcher of this.#watchers) watcher([accountId])
  }

  /** Keeps the table of devices in step with the log. */
  async #followEntry(tx: Transaction, growth: Growth, { body, userId }: LogEntry): Promise<void> {
    const now = this.parts.clock.now()
    const accountId = idFromBytes<AccountId>(userId)
    if (body.type === 'genesis')
      await insertFoundAccount(tx, { accountId, createdAt: now, inviteId: toBase64Url(body.inviteId) })
    if (body.type === 'device-add') {
      if (activeDevices(growth.state, userId).length > limits.maxDevicesPerAccount)
        throw new Refusal('not_allowed', { detail: 'too many devices' })
      await insertDevice(tx, { deviceId: idFromBytes<DeviceId>(body.deviceId), accountId, createdAt: now })
    }
    const isLeaving = body.type === 'device-revoke' && body.reason === leftReason
    const code = body.type === 'identity-reset' ? 'began_anew' : isLeaving ? 'account_gone' : 'device_removed'
    const ended = body.type === 'device-revoke' ? [idFromBytes<DeviceId>(body.deviceId)] : []
    await this.#audit(tx, accountId, body)
    if (body.type === 'identity-reset') {
      ended.push(...(await listActiveDeviceIds(tx, accountId)))
      await forgetIdentity(tx, accountId)
      for (const watcher of this.#resetWatchers) await watcher(tx, accountId)
    }
    for (const deviceId of ended) await endDevice(tx, deviceId, now)
    growth.ended.push(...ended.map((deviceId): Ended => ({ deviceId, code })))
    if (isLeaving && activeDevices(growth.state, userId).length === 0)
      for (const watcher of this.#leaveWatchers) await watcher(tx, accountId)
  }

  async #audit(tx: Transaction, accountId: AccountId, body: LogEntry['body']): Promise<void> {
    const about = { at: this.parts.clock.now(), accountId }
    if (body.type === 'identity-reset') await writeAudit(tx, { ...about, event: 'began_anew' })
    if (body.type !== 'device-add' && body.type !== 'device-revoke') return
    const deviceId = idFromBytes<DeviceId>(body.deviceId)
    if (body.type === 'device-add') await writeAudit(tx, { ...about, event: 'device_added', deviceId })
    else await writeAudit(tx, { ...about, event: 'device_revoked', deviceId, reason: body.reason })
  }

  #adoptGrowth({ state, from, entries, ended }: Growth): void {
    this.#state = state
    for (const entry of entries) this.#tree.append(leafHash(entry))
    this.#treeHead = this.#signHead()
    for (let at = 0; at < entries.length; at += limits.maxLogPageEntries)
      this.#broadcast(from + at, entries.slice(at, at + limits.maxLogPageEntries))
    for (const { deviceId, code } of ended) this.parts.hub.disconnectDevice(deviceId, code)
  }

  #broadcast(from: number, entries: Uint8Array[]): void {
    this.parts.hub.broadcast(serverFrames.encode({ type: 'logGrew', from, entries, treeHead: this.#treeHead }))
  }
}

// An honest device that only lost a race is told to fetch and build its entry again.
function assertNotMoved(state: KeyLogState, entry: LogEntry): void {
  const user = findUser(state, entry.userId)
  if (!user || entry.body.type === 'genesis') return
  const isNext = entry.useq === user.useq + 1 && Buffer.from(user.head).equals(entry.prev)
  if (!isNext && entry.useq <= user.useq) throw new Refusal('log_moved')
}

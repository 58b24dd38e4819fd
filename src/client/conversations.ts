import { toHex } from '../crypto/bytes.ts'
import { parseConversationEntry } from '../crypto/conversation-log.ts'
import { directoryOf } from '../crypto/conversation-log-validator.ts'
import { DecryptionFailed } from '../crypto/errors.ts'
import { dmConversationId } from '../crypto/ids.ts'
import type { ConversationView } from '../protocol/conversations.ts'
import {
  type AccountId,
  type ConversationId,
  type DeviceId,
  fromBase64Url,
  idFromBytes,
  idToBytes,
} from '../protocol/ids.ts'
import { type AlarmView, ClientFailure } from './api.ts'
import type { Witness } from './batch.ts'
import type { ClientContext } from './context.ts'
import { type ConversationRecord, newRecord } from './conversation-record.ts'
import { admit, reachEntry, recipientsOf } from './membership.ts'
import type { AccountParts, LogDevice } from './parts.ts'
import { reportAs } from './quiet.ts'
import type { Step, Steps } from './steps.ts'

const LIST_AGAIN_MS = [2_000, 10_000, 30_000, 60_000, 300_000]

/** This device's copy of every conversation: what it is, who is in it by the signed entries, how far it was read. */
export class Conversations {
  readonly #records = new Map<ConversationId, ConversationRecord>()
  #refreshing: Promise<void> | null = null
  #isListWanted = false
  #failures = 0
  /** Something about a conversation changed and is on disk. */
  onChanged: (id: ConversationId) => void = () => undefined
  /** A conversation became known: it is to be filled. */
  onNew: (id: ConversationId, lastSeq: number) => void = () => undefined
  /** New entries were admitted live. */
  onEntries: (id: ConversationId) => void = () => undefined

  constructor(
    private readonly context: ClientContext,
    private readonly parts: AccountParts,
    private readonly steps: Steps,
  ) {}

  async open(): Promise<void> {
    const rows = await this.context.store.list<ConversationRecord>('conversations', { from: 'c/', before: 'c0' })
    for (const { value } of rows) this.#records.set(value.conversationId, value)
  }

  all(): ConversationRecord[] {
    return [...this.#records.values()]
  }
  find(id: ConversationId): ConversationRecord | null {
    return this.#records.get(id) ?? null
  }
  /** Throws ClientFailure not_found for a conversation this device does not know. */
  get(id: ConversationId): ConversationRecord {
    const record = this.#records.get(id)
    if (!record) throw new ClientFailure('not_found')
    return record
  }
  recipients(record: ConversationRecord): LogDevice[] {
    return recipientsOf(record, this.parts)
  }

  read(step: Step, id: ConversationId): Promise<ConversationRecord | null> {
    return step.get<ConversationRecord>('conversations', `c/${id}`)
  }

  write(step: Step, record: ConversationRecord): void {
    const id = record.conversationId
    step.put('conversations', `c/${id}`, record)
    step.afterwards(() => {
      this.#records.set(id, record)
      this.onChanged(id)
    })
  }

  async change(id: ConversationId, change: (record: ConversationRecord) => ConversationRecord): Promise<void> {
    await this.steps.run(async (step) => {
      const record = await this.read(step, id)
      if (record) this.write(step, change(record))
    })
  }

  /** Learns of conversations that were made elsewhere. */
  refreshList(): Promise<void> {
    this.#isListWanted = true
    this.#refreshing ??= this.#fetchWhileWanted()
    return this.#refreshing
  }

  // A list under way may have been answered before that happened for which it is asked again.
  async #fetchWhileWanted(): Promise<void> {
    try {
      while (this.#isListWanted) {
        this.#isListWanted = false
        await this.#fetchList()
      }
      this.#failures = 0
    } catch (error) {
      this.#tryAgain()
      throw error
    } finally {
      this.#refreshing = null
    }
  }

  /** The line may be whole although this failed: nobody else would ask again, and a group would never appear. */
  #tryAgain(): void {
    const delayMs = LIST_AGAIN_MS[this.#failures++]
    if (delayMs === undefined) return
    this.context.platform.clock.schedule(delayMs, () => void this.refreshList().catch(reportAs('the list of chats')))
  }

  async #fetchList(): Promise<void> {
    const views = await this.parts.http.conversations()
    // One that cannot be filled now keeps none of the others back.
    let failure: unknown = null
    for (const view of views) {
      await this.take(view).catch((error: unknown) => {
        failure = error
      })
    }
    const listed = new Set(views.map((view) => view.conversationId))
    for (const record of this.all()) {
      if (record.isMember && !listed.has(record.conversationId) && record.kind === 'group') {
        await this.refreshEntries(record.conversationId).catch((error: unknown) => {
          if (error instanceof ClientFailure && error.code === 'not_found')
            return this.#leftBehind(record.conversationId)
          failure = error
        })
      }
    }
    if (failure !== null) throw failure
  }

  /** The home no longer counts this account in and shows no entry for it: nothing can be sent there any more. */
  #leftBehind(id: ConversationId): Promise<void> {
    return this.change(id, (record) => ({ ...record, isMember: false }))
  }

  /** The home counts this account in again; the signed entries say whether that is so. */
  async #comeBack(id: ConversationId): Promise<void> {
    await this.refreshEntries(id)
    const selfId = this.parts.identity.accountId
    const { isMember, tenures } = this.get(id)
    const isInside = tenures.some(({ accountId, to }) => accountId === selfId && to === null)
    if (isInside && !isMember) await this.change(id, (record) => ({ ...record, isMember: true }))
  }

  /** Makes the record of what the home described, and fills in its entries. */
  async take(view: ConversationView): Promise<ConversationRecord> {
    const id = view.conversationId
    if (!this.#records.has(id)) {
      const peerId = view.kind === 'direct' ? this.#peerOf(view) : null
      const { kind, createdAt, firstSeq } = view
      const record = newRecord({ conversationId: id, kind, peerId, createdAt, firstSeq: Math.max(1, firstSeq) })
      // A group exists here once its entries were checked; its notices of the past come with the pages they belong to.
      const filled = kind === 'group' ? await this.#withEntries(record, 0) : { record, entries: [] }
      const { entries } = filled
      const count = filled.record.heads.length
      await this.steps.run(async (step) => {
        if (await this.read(step, id)) return
        this.#writeEntries(step, id, 0, entries)
        this.write(step, { ...filled.record, noticedFrom: count, noticedTo: count })
      })
      this.onNew(id, view.lastSeq)
    } else {
      const record = this.get(id)
      if (!record.isMember && view.kind === 'group') await this.#comeBack(id)
      if (view.entryCount > record.heads.length) await this.refreshEntries(id)
      if (record.firstSeq > view.firstSeq) await this.change(id, (held) => ({ ...held, firstSeq: view.firstSeq }))
    }
    return this.get(id)
  }

  /** Fetches and checks the entries this device lacks. */
  async refreshEntries(id: ConversationId, witness: Witness | null = null): Promise<void> {
    const record = this.get(id)
    if (record.kind !== 'group') return
    const { entries } = await this.#withEntries(record, record.heads.length)
    for (const [at, entry] of entries.entries()) await this.#admitOne(id, record.heads.length + at, entry)
    if (entries.length > 0) this.onEntries(id)
    if (witness !== null) this.#expectEntries(this.get(id), witness)
  }

  /** A member's signature names an entry that the home does not show: it keeps back who came or who is gone. */
  #expectEntries({ conversationId, heads }: ConversationRecord, { peer, epoch }: Witness): void {
    if (epoch < heads.length) return
    const detail = `conversation ${conversationId}: entry ${epoch} is kept back, ${heads.length} are shown`
    const { accountId: personId, deviceId } = peer
    this.parts.raiseAlarm({ kind: 'unreachable_head', personId, deviceId, detail })
  }

  /** The socket's conversationGrew. */
  async applyGrown(id: ConversationId, index: number, entry: Uint8Array): Promise<void> {
    const record = this.#records.get(id)
    if (!record) return this.refreshList()
    if (index < record.heads.length) return
    if (index > record.heads.length) return this.refreshEntries(id)
    await this.#reach(entry)
    await this.#admitOne(id, index, entry)
    this.onEntries(id)
  }

  /** An entry this device wrote and the home took. */
  async applyOwn(id: ConversationId, index: number, entry: Uint8Array): Promise<void> {
    await this.#admitOne(id, index, entry)
    this.onEntries(id)
  }

  entry(step: Step, id: ConversationId, index: number): Promise<Uint8Array | null> {
    return step.get<Uint8Array>('conversations', entryKey(id, index))
  }

  async entriesFrom(id: ConversationId, from: number): Promise<Uint8Array[]> {
    const rows = await this.context.store.list<Uint8Array>('conversations', {
      from: entryKey(id, from),
      before: `e/${id}/~`,
    })
    return rows.map((row) => row.value)
  }

  async #admitOne(id: ConversationId, index: number, entry: Uint8Array): Promise<void> {
    await this.steps.run(async (step) => {
      const record = await this.read(step, id)
      if (!record || record.heads.length !== index) return
      const admitted = this.#judge(record, entry)
      this.#writeEntries(step, id, index, [entry])
      this.write(step, admitted)
    })
  }

  /** A member signed it over a key log that the home does not show to this device. */
  async #reach(entry: Uint8Array): Promise<void> {
    if (await reachEntry(entry, this.parts)) return
    const detail = 'a membership entry names more of the key log than is shown'
    this.parts.raiseAlarm({ kind: 'unreachable_head', ...signerOf(entry), detail })
    throw new ClientFailure('alarm')
  }

  #judge(record: ConversationRecord, entry: Uint8Array): ConversationRecord {
    try {
      return admit(record, entry, directoryOf(this.parts.keyLog.state()), this.parts.identity.accountId)
    } catch (error) {
      if (!(error instanceof DecryptionFailed)) throw error
      this.parts.raiseAlarm({
        ...{ kind: 'bad_entry', ...signerOf(entry) },
        detail: `conversation ${record.conversationId} entry ${record.heads.length}: ${error.reason}`,
      })
      throw new ClientFailure('alarm')
    }
  }

  async #withEntries(record: ConversationRecord, from: number) {
    const entries: Uint8Array[] = []
    let filled = record
    for (;;) {
      const page = await this.parts.http.entries(record.conversationId, from + entries.length)
      if (page.entries.length === 0) return { record: filled, entries }
      for (const text of page.entries) {
        const entry = fromBase64Url(text) ?? new Uint8Array(0)
        await this.#reach(entry)
        filled = this.#judge(filled, entry)
        entries.push(entry)
      }
    }
  }

  #writeEntries(step: Step, id: ConversationId, from: number, entries: readonly Uint8Array[]): void {
    for (const [at, entry] of entries.entries()) step.put('conversations', entryKey(id, from + at), entry)
  }

  /** The other of a direct conversation, if the id really follows from the two (PROTOCOL 4). */
  #peerOf(view: ConversationView): AccountId {
    const self = this.parts.identity.accountId
    const peer = view.accountIds.find((accountId) => accountId !== self) ?? self
    const expected = dmConversationId(idToBytes(self), idToBytes(peer))
    if (toHex(expected) !== toHex(idToBytes(view.conversationId))) throw new ClientFailure('untrusted_server')
    return peer
  }
}

/** Whom an entry names as its signer, as far as it can be read. */
function signerOf(entry: Uint8Array): Pick<AlarmView, 'personId' | 'deviceId'> {
  try {
    const { signerUser, signerDevice } = parseConversationEntry(entry)
    return { personId: idFromBytes<AccountId>(signerUser), deviceId: idFromBytes<DeviceId>(signerDevice) }
  } catch {
    return { personId: null, deviceId: null }
  }
}

function entryKey(id: ConversationId, index: number): string {
  return `e/${id}/${String(index).padStart(8, '0')}`
}

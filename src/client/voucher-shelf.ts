import { openVoucherRow, sealVoucherRow } from '../crypto/archived-voucher.ts'
import { DecryptionFailed } from '../crypto/errors.ts'
import type { BundleChain } from '../crypto/history-bundle.ts'
import { type ChainId, type ConversationId, idFromBytes, idToBytes } from '../protocol/ids.ts'
import { limits } from '../protocol/limits.ts'
import { proveChains } from './chain-proofs.ts'
import type { SocketConnection } from './connection.ts'
import type { ClientContext } from './context.ts'
import { type ConversationRecord, convIdOf } from './conversation-record.ts'
import type { AccountParts } from './parts.ts'
import type { Step } from './steps.ts'

/** Table chains, voucher/<conversation>/<chain>: who certified a chain that is long gone; for history bundles. */
export type ChainVoucher = BundleChain
/** Table outbox, c/<conversation>/<chain>: a voucher that is not at the home yet. */
type Unarchived = { id: ConversationId; chainId: ChainId }

/** Table device: those from before there was an archive of them are on their way to it. */
const ARCHIVED_ROW = 'vouchers-archived'
const LOT = 1_000

/**
 * The certificates of all chains of klass 0 that this device ever met, and their archive at the home: a device that comes later
 * finds there what it needs to hand older history to newcomers (docs/protocol.md 5.13).
 */
export class VoucherShelf {
  /** Something waits for the next lot. */
  onQueued: () => void = () => undefined

  constructor(
    private readonly context: ClientContext,
    private readonly parts: AccountParts,
    private readonly connection: SocketConnection,
  ) {}

  /** Of a chain whose certificate was checked. One that is held already is not archived again. */
  async keep(step: Step, id: ConversationId, chain: ChainVoucher): Promise<void> {
    const { chainId, deviceId, epoch, signingKey, certificate } = chain
    const unarchived: Unarchived = { id, chainId: idFromBytes<ChainId>(chainId) }
    if ((await step.get('chains', heldKey(unarchived))) !== null) return
    step.put('chains', heldKey(unarchived), { chainId, deviceId, epoch, signingKey, certificate })
    step.put('outbox', queueKey(unarchived), unarchived)
    step.afterwards(() => this.onQueued())
  }

  /** Those of a conversation that this device holds. */
  async held(id: ConversationId): Promise<Map<ChainId, ChainVoucher>> {
    const range = { from: `voucher/${id}/`, before: `voucher/${id}/~` }
    const rows = await this.context.store.list<ChainVoucher>('chains', range)
    return new Map(rows.map(({ value }) => [idFromBytes<ChainId>(value.chainId), value]))
  }

  /** What own devices archived of these chains, checked against the key log as if somebody else had brought it. */
  async fetch(record: ConversationRecord, chainIds: readonly ChainId[]): Promise<Map<ChainId, ChainVoucher>> {
    const { conversationId } = record
    const opened: ChainVoucher[] = []
    for (let at = 0; at < chainIds.length; at += limits.maxVouchers) {
      const lot = chainIds.slice(at, at + limits.maxVouchers)
      const request = { type: 'fetchVouchers' as const, conversationId, chainIds: lot }
      const { rows } = await this.connection.request(request, 'vouchers')
      for (const row of rows) {
        const chain = lot.includes(row.chainId) ? await this.#open(record, row) : null
        if (chain) opened.push(chain)
      }
    }
    const proofs = proveChains(this.parts.keyLog.state(), convIdOf(record), opened)
    return new Map([...proofs].map(([chainId, { chain }]) => [chainId as ChainId, chain]))
  }

  /** Once on a device from before there was an archive of these, so that its person's other devices have them, too. */
  async archiveHeld(): Promise<void> {
    if ((await this.context.store.get<boolean>('device', ARCHIVED_ROW)) === null) await this.archiveAgain()
  }

  /** After a restore: whatever the home has forgotten. What it has, it keeps. */
  async archiveAgain(): Promise<void> {
    const { store } = this.context
    for (let from = 'voucher/'; ; ) {
      const rows = await store.list<ChainVoucher>('chains', { from, before: 'voucher0', limit: LOT })
      const queued = rows.map(({ key, value }): Unarchived => {
        const [, id] = key.split('/')
        return { id: id as ConversationId, chainId: idFromBytes(value.chainId) }
      })
      await store.commit(queued.map((value) => ({ table: 'outbox', key: queueKey(value), value })))
      if (rows.length < LOT) break
      from = `${rows.at(-1)!.key}\u0001`
    }
    await store.commit([{ table: 'device', key: ARCHIVED_ROW, value: true }])
    this.onQueued()
  }

  /** With the archive rows, in lots. They are sealed only now: after a lost answer the first one stays at the home. */
  async flush(): Promise<void> {
    const { store } = this.context
    while (this.connection.isOnline) {
      const queued = await store.list<Unarchived>('outbox', { from: 'c/', before: 'c0', limit: limits.maxVouchers })
      if (queued.length === 0) return
      const rows = await Promise.all(queued.map(({ value }) => this.#seal(value)))
      const known = rows.filter((row) => row !== null)
      if (known.length > 0) await this.connection.request({ type: 'putVouchers', rows: known }, 'done')
      await store.commit(queued.map(({ key }) => ({ table: 'outbox', key, value: null })))
    }
  }

  async #seal(unarchived: Unarchived) {
    const { id, chainId } = unarchived
    const chain = await this.context.store.get<ChainVoucher>('chains', heldKey(unarchived))
    if (chain === null) return null
    const { archiveKeys, identity } = this.parts
    const current = archiveKeys.current()
    const place = { userId: identity.userId, convId: idToBytes(id), chainId: chain.chainId }
    archiveKeys.noteSealed()
    const row = await sealVoucherRow(current, place, chain, this.context.platform.random)
    return { conversationId: id, chainId, epoch: current.epoch, row }
  }

  async #open(
    record: ConversationRecord,
    { chainId, epoch, row }: { chainId: ChainId; epoch: number; row: Uint8Array },
  ): Promise<ChainVoucher | null> {
    const key = this.parts.archiveKeys.get(epoch)
    if (!key) return null
    const place = { userId: this.parts.identity.userId, convId: convIdOf(record), chainId: idToBytes(chainId) }
    try {
      return await openVoucherRow({ epoch, key }, place, row)
    } catch (error) {
      if (error instanceof DecryptionFailed) return null
      throw error
    }
  }
}

function heldKey({ id, chainId }: Unarchived): string {
  return `voucher/${id}/${chainId}`
}
function queueKey({ id, chainId }: Unarchived): string {
  return `c/${id}/${chainId}`
}

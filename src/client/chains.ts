import { equal } from '../crypto/bytes.ts'
import { DecryptionFailed, insist } from '../crypto/errors.ts'
import { type ChainClass, encodeSenderKey, type SenderKey } from '../crypto/packets.ts'
import {
  acceptSenderKey,
  createChain,
  isChainWorn,
  type ReceivingChain,
  type SendingChain,
  senderKeyOf,
} from '../crypto/sender-chain.ts'
import { type ChainId, type ConversationId, type DeviceId, idFromBytes } from '../protocol/ids.ts'
import type { ClientContext } from './context.ts'
import type { GroupState } from './conversation-record.ts'
import type { AccountParts, LogDevice } from './parts.ts'
import type { Peer } from './sessions.ts'
import type { Step } from './steps.ts'
import type { VoucherShelf } from './voucher-shelf.ts'

const DAY_MS = 24 * 3_600_000
const RECEIVE_FOR_MS = 30 * DAY_MS

/** Table chains, own/<conversation> and brief/<conversation> (for disappearing messages): the chain this device sends on and the devices that can read it. */
export type OwnChain = { chain: SendingChain; sentTo: DeviceId[] }
/** Table chains, peer/<chain>. */
export type PeerChain = { chain: ReceivingChain; peer: Peer; receivedAt: number }

/** Sender chains (PROTOCOL 4.5): one of this device per group and class, those of others by their id. */
export class ChainShelf {
  constructor(
    private readonly context: ClientContext,
    private readonly parts: AccountParts,
    private readonly vouchers: VoucherShelf,
  ) {}

  /** Forgets received chains of which nothing can come any more. */
  async prune(timerOf: (id: ConversationId) => number): Promise<void> {
    const now = this.context.platform.clock.now()
    const rows = await this.context.store.list<PeerChain>('chains', { from: 'peer/', before: 'peer0' })
    const limitOf = ({ convId, klass }: ReceivingChain) =>
      klass === 0 ? RECEIVE_FOR_MS : briefMs(timerOf(idFromBytes(convId)))
    const old = rows.filter(({ value }) => now - value.receivedAt > limitOf(value.chain))
    if (old.length > 0) await this.context.store.commit(old.map(({ key }) => ({ table: 'chains', key, value: null })))
  }

  /** Who still lacks this device's chain: everybody when it must be replaced first. */
  async missing(
    step: Step,
    id: ConversationId,
    group: GroupState,
    recipients: readonly LogDevice[],
    klass: ChainClass,
  ): Promise<LogDevice[]> {
    const own = await this.#usable(step, id, group, { recipients, klass })
    return own ? recipients.filter((device) => !own.sentTo.includes(device.deviceId)) : [...recipients]
  }

  /** The chain to send on, a new one where the old is spent (epoch, revoked recipient, 200 messages, a day). Not stored yet. */
  async sending(
    step: Step,
    id: ConversationId,
    group: GroupState,
    recipients: readonly LogDevice[],
    klass: ChainClass,
  ): Promise<OwnChain> {
    const own = await this.#usable(step, id, group, { recipients, klass })
    if (own) return own
    const { identity } = this.parts
    const owner = { userId: identity.userId, deviceId: identity.rawDeviceId, dskSecret: identity.dsk.secretKey }
    const place = { convId: group.convId, epoch: group.epoch, convHead: group.head, klass }
    const { random, clock } = this.context.platform
    const chain = createChain(owner, place, { random, now: clock.now() })
    if (klass === 0) await this.vouchers.keep(step, id, { ...chain, deviceId: identity.rawDeviceId })
    return { chain, sentTo: [] }
  }

  put(step: Step, id: ConversationId, own: OwnChain): void {
    step.put('chains', ownKey(id, own.chain.klass), own)
  }

  own(step: Step, id: ConversationId, klass: ChainClass): Promise<OwnChain | null> {
    return step.get<OwnChain>('chains', ownKey(id, klass))
  }

  /** These devices hold the chain now: the home has stored the envelopes that carry it. */
  async markSent(step: Step, id: ConversationId, chainId: Uint8Array, devices: readonly DeviceId[]): Promise<void> {
    for (const klass of [0, 1] as const) {
      const own = await this.own(step, id, klass)
      if (!own || !equal(own.chain.chainId, chainId)) continue
      this.put(step, id, { ...own, sentTo: [...new Set([...own.sentTo, ...devices])] })
    }
  }

  packet(own: OwnChain): Uint8Array {
    return encodeSenderKey(senderKeyOf(own.chain))
  }

  /** A sender key that came through the session with `peer`. A chain that is known keeps the state it has. */
  async accept(step: Step, peer: Peer, key: SenderKey): Promise<ChainId> {
    const chainId = idFromBytes<ChainId>(key.chainId)
    if (await this.receiving(step, chainId)) return chainId
    const device = this.parts.keyLog.device(peer.accountId, peer.deviceId)
    insist(device?.status === 'active', 'not an active device')
    const owner = { userId: device.userId, deviceId: device.rawDeviceId, dsk: device.dsk }
    const row: PeerChain = { chain: acceptSenderKey(owner, key), peer, receivedAt: this.context.platform.clock.now() }
    step.put('chains', `peer/${chainId}`, row)
    const id = idFromBytes<ConversationId>(key.convId)
    if (key.klass === 0) await this.vouchers.keep(step, id, { ...key, deviceId: device.rawDeviceId })
    return chainId
  }

  receiving(step: Step, chainId: ChainId): Promise<PeerChain | null> {
    return step.get<PeerChain>('chains', `peer/${chainId}`)
  }

  async advance(step: Step, chainId: ChainId, chain: ReceivingChain): Promise<void> {
    const row = await this.receiving(step, chainId)
    if (!row) throw new DecryptionFailed('no such chain')
    step.put('chains', `peer/${chainId}`, { ...row, chain })
  }

  async #usable(
    step: Step,
    id: ConversationId,
    group: GroupState,
    { recipients, klass }: { recipients: readonly LogDevice[]; klass: ChainClass },
  ): Promise<OwnChain | null> {
    const own = await this.own(step, id, klass)
    if (!own || own.chain.epoch !== group.epoch || !equal(own.chain.convHead, group.head)) return null
    if (isChainWorn(own.chain, this.context.platform.clock.now())) return null
    const present = new Set(recipients.map((device) => device.deviceId))
    return own.sentTo.every((deviceId) => present.has(deviceId)) ? own : null
  }
}

/** A chain is used for a day; its disappearing bodies are at the home for a day or their time after that, and then nowhere. */
function briefMs(expirySeconds: number): number {
  return Math.min(RECEIVE_FOR_MS, 2 * DAY_MS + Math.max(DAY_MS, expirySeconds * 1_000))
}

function ownKey(id: ConversationId, klass: ChainClass): string {
  return `${klass === 0 ? 'own' : 'brief'}/${id}`
}

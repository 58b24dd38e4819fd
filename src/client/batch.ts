import type { Packet } from '../crypto/packets.ts'
import type { AccountId, ConversationId, MessageId } from '../protocol/ids.ts'
import type { StoredMessage } from './message-store.ts'
import type { Introduction, SyncContent } from './parts.ts'
import type { Peer } from './sessions.ts'
import type { Step } from './steps.ts'

type Profile = { accountId: AccountId; name: string; photo: Uint8Array | null; sentAt: number }
/** This device's signed body names an entry. */
export type Witness = { peer: Peer; epoch: number }
export type PeerRequest = { peer: Peer; packet: Extract<Packet, { kind: 'chain-request' | 'retry-request' }> }

/** What one step of taking things in produced for others: told, asked and applied around its commit. */
export class Batch {
  readonly messages = new Map<ConversationId, StoredMessage[]>()
  readonly removed: { id: ConversationId; messageId: MessageId }[] = []
  readonly profiles: Profile[] = []
  readonly introductions: Introduction[] = []
  readonly requests: PeerRequest[] = []
  readonly syncs: { peer: Peer; content: SyncContent }[] = []
  readonly heads = new Map<string, { size: number; root: Uint8Array }>()
  /** Conversations of which somebody saw a newer entry; who, and which, where their signature proves it. */
  readonly staleEntries = new Map<ConversationId, Witness | null>()
  readonly toAcknowledge = new Set<ConversationId>()
  readonly stoppedTyping: { id: ConversationId; accountId: AccountId }[] = []

  readonly #beside: Promise<unknown>[] = []

  constructor(readonly step: Step) {}

  /** Work for this step that nothing else in it waits for: ciphers run beside each other, and all end before the commit. */
  beside(work: Promise<unknown>): void {
    // Whoever awaits `settled` hears of it; a step that failed before does not ask.
    work.catch(() => undefined)
    this.#beside.push(work)
  }

  async settled(): Promise<void> {
    await Promise.all(this.#beside)
  }

  tell(id: ConversationId, message: StoredMessage): void {
    const told = this.messages.get(id) ?? []
    this.messages.set(id, [...told.filter((other) => other.messageId !== message.messageId), message])
  }
  drop(id: ConversationId, messageId: MessageId): void {
    this.removed.push({ id, messageId })
  }
}

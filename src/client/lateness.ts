import type { OpenedBody } from '../crypto/body.ts'
import { equal } from '../crypto/bytes.ts'
import { findUser } from '../crypto/key-log-validator.ts'
import { type AccountId, type ConversationId, idFromBytes } from '../protocol/ids.ts'
import type { ServerFrame } from '../protocol/socket.ts'
import { type ConversationRecord, wasMember } from './conversation-record.ts'
import type { AccountParts } from './parts.ts'
import type { Step } from './steps.ts'

/** What had happened before something was posted: the newest membership entry, and the size of the key log. */
export type Floor = { epoch: number; logSize: number }
/** Where a body stands, and what the home had shown on this very line before it brought it. */
export type Standing = { seq: number; floor: Floor | null }
/** Table conversations, f/<conversation>: what the body with this number proves to have happened before it. */
type Proven = Floor & { seq: number }

const NOTHING: Floor = { epoch: 0, logSize: 0 }
const STH_SIZE_AT = 32

/**
 * A home takes nothing from a removed member or an ended device. Their keys stay good for what they sent before, so that
 * a home in league with them could bring something new under old keys: it is known by standing behind what came later.
 */
export class Lateness {
  #logSize = 0
  readonly #epochs = new Map<ConversationId, number>()

  constructor(private readonly parts: AccountParts) {}

  /** Frames of one line come in the order in which the home did things: call in their turn. */
  sawWelcome({ treeHead, conversations }: Extract<ServerFrame, { type: 'welcome' }>): void {
    const view = new DataView(treeHead.buffer, treeHead.byteOffset)
    this.sawLog(Number(view.getBigUint64(STH_SIZE_AT)))
    for (const { conversationId, entryCount } of conversations) this.sawEntry(conversationId, entryCount - 1)
  }
  sawLog(size: number): void {
    this.#logSize = Math.max(this.#logSize, size)
  }
  sawEntry(id: ConversationId, index: number): void {
    this.#epochs.set(id, Math.max(this.#epochs.get(id) ?? 0, index))
  }
  /** For what this line brings now. */
  floor(id: ConversationId): Floor {
    return { epoch: this.#epochs.get(id) ?? 0, logSize: this.#logSize }
  }

  /** Why a body that opened must not be shown; null for one in its time, which then counts for those behind it. */
  async judge(step: Step, record: ConversationRecord, opened: OpenedBody, standing: Standing): Promise<string | null> {
    // After a restore of the home old bodies come back under new numbers, in any order: nothing follows from it.
    if (record.generation > 0) return null
    const place = `f/${record.conversationId}`
    const proven = await step.get<Proven>('conversations', place)
    const before = proven && standing.seq > proven.seq ? proven : NOTHING
    const floor = highest(before, standing.floor ?? NOTHING)
    const { header, plaintext } = opened
    const sender = idFromBytes<AccountId>(plaintext.senderUser)
    const epoch = header.mode === 2 ? header.epoch : 0
    const known = { epoch: Math.min(floor.epoch, record.heads.length - 1), logSize: floor.logSize }
    if (known.epoch > epoch && !wasMember(record, sender, this.parts.identity.accountId, known.epoch)) return 'removed'
    if (this.#hasEnded(plaintext, known.logSize)) return 'device_ended'
    const own = { epoch, logSize: plaintext.sthSize }
    if (standing.seq > (proven?.seq ?? 0) && (own.epoch > before.epoch || own.logSize > before.logSize)) {
      step.put('conversations', place, { ...highest(before, own), seq: standing.seq })
    }
    return null
  }

  #hasEnded({ senderUser, senderDevice }: OpenedBody['plaintext'], logSize: number): boolean {
    const user = findUser(this.parts.keyLog.state(), senderUser)
    const device = user?.devices.find(({ deviceId }) => equal(deviceId, senderDevice))
    return device?.endedIndex != null && device.endedIndex < logSize
  }
}

function highest(left: Floor, right: Floor): Floor {
  return { epoch: Math.max(left.epoch, right.epoch), logSize: Math.max(left.logSize, right.logSize) }
}

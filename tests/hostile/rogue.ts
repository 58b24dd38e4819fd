import type { HeldState } from '../../src/client/account-state.ts'
import type { OwnChain } from '../../src/client/chains.ts'
import type { LocalStore } from '../../src/client/context.ts'
import type { StoredIdentity } from '../../src/client/identity.ts'
import { createLocalStore } from '../../src/client/local-store.ts'
import { contentTypes, encodePayload } from '../../src/client/payloads.ts'
import { sealGroupBody } from '../../src/crypto/body.ts'
import type { BodyPlaintext } from '../../src/crypto/body-plaintext.ts'
import { hmacSha256 } from '../../src/crypto/hash.ts'
import { systemRandom } from '../../src/crypto/random.ts'
import { type SendingChain, sealWithChain } from '../../src/crypto/sender-chain.ts'
import { encryptPacket, type Session } from '../../src/crypto/session.ts'
import { type AccountId, type ConversationId, type DeviceId, idToBytes } from '../../src/protocol/ids.ts'
import type { Member } from '../support/member.ts'

type PeerRow = { accountId: AccountId; held: { session: Session; isArchived: boolean }[] }

/** A member (or a thief of their device) who gives the operator everything that is in the device's memory. */
export class Rogue {
  private constructor(
    readonly identity: StoredIdentity,
    readonly store: LocalStore,
    private readonly head: { size: number; root: Uint8Array },
  ) {}

  /** Reads the device as it is now; what happens to it later takes nothing back. */
  static async of(member: Member, head = { size: 0, root: new Uint8Array(32) }): Promise<Rogue> {
    const kept = createLocalStore(member.platform)
    return new Rogue((await kept.get<StoredIdentity>('device', 'identity'))!, kept, head)
  }

  async chain(id: ConversationId): Promise<SendingChain> {
    const own = await this.store.get<OwnChain>('chains', `own/${id}`)
    if (own === null) throw new Error('this device never spoke in that group')
    return own.chain
  }
  async session(deviceId: DeviceId): Promise<Session> {
    const row = await this.store.get<PeerRow>('sessions', deviceId)
    const live = row?.held.filter(({ isArchived }) => !isArchived).at(-1)
    if (!live) throw new Error('no session with that device')
    return live.session
  }
  async state(): Promise<HeldState> {
    return (await this.store.get<HeldState>('device', 'account-state'))!
  }

  plaintext(words: string, over: Partial<BodyPlaintext> = {}): BodyPlaintext {
    return {
      ...{ contentType: contentTypes.text, payload: encodePayload({ kind: 'text', text: words }) },
      senderUser: idToBytes(this.identity.accountId),
      senderDevice: idToBytes(this.identity.deviceId),
      ...{ sentAt: Date.now(), sthSize: this.head.size, sthRoot: this.head.root, expirySeconds: 0 },
      ...over,
    }
  }

  /** The next body of a chain, as it must be. */
  say(chain: SendingChain, words: string, over: Partial<BodyPlaintext> = {}) {
    return sealWithChain(chain, { class: 0, msgId: systemRandom(16) }, this.plaintext(words, over))
  }

  /** A body of the chain at any iteration, with any message key that is claimed for it. */
  sayAt(chain: SendingChain, iteration: number, words: string): Promise<Uint8Array> {
    let key = chain.chainKey
    for (let at = chain.iteration; at < iteration; at++) key = hmacSha256(key, new Uint8Array([2]))
    const { convId, epoch, convHead, chainId } = chain
    const fields = { class: 0 as const, isEphemeral: false, msgId: systemRandom(16), convId, epoch, convHead, chainId }
    return sealGroupBody(
      hmacSha256(key, new Uint8Array([1])),
      { ...fields, iteration },
      this.plaintext(words),
      chain.signingSecret,
    )
  }

  /** A packet through the session with a device, some counters ahead of what the device itself still sends. */
  async frame(session: Session, packet: Uint8Array, ahead = 20): Promise<Uint8Array> {
    let sealed = await encryptPacket(session, packet)
    for (let skipped = 0; skipped < ahead; skipped++) sealed = await encryptPacket(sealed.session, packet)
    return sealed.frame
  }
}

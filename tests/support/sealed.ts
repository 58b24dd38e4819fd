import { sealDmBody, sealGroupBody } from '../../src/crypto/body.ts'
import type { BodyClass } from '../../src/crypto/body-header.ts'
import type { ConversationEntryBody } from '../../src/crypto/conversation-log.ts'
import { nextConversationHead } from '../../src/crypto/conversation-log.ts'
import { signConversationEntry } from '../../src/crypto/conversation-log-signing.ts'
import { sha256 } from '../../src/crypto/hash.ts'
import type { ChainSecretKey, DeviceSecretKey, RootPublicKey } from '../../src/crypto/key-types.ts'
import { generateSigningKeyPair } from '../../src/crypto/keys.ts'
import { systemRandom } from '../../src/crypto/random.ts'
import {
  type AccountId,
  type ConversationId,
  type DeviceId,
  idFromBytes,
  idToBytes,
  type MessageId,
} from '../../src/protocol/ids.ts'

/** What signing and sealing take of a device. */
export interface Signer {
  accountId: AccountId
  deviceId: DeviceId
  dskSecret: DeviceSecretKey
}

export interface SealedBody {
  messageId: MessageId
  body: Uint8Array
}

const utf8 = new TextEncoder()

function plaintextOf(sender: Signer, words: string) {
  return {
    ...{ contentType: 1, sentAt: 1_750_000_000_000, sthSize: 1, sthRoot: new Uint8Array(32), expirySeconds: 0 },
    senderUser: idToBytes(sender.accountId),
    senderDevice: idToBytes(sender.deviceId),
    payload: utf8.encode(words),
  }
}

export interface Wish {
  words?: string
  class?: BodyClass
  messageId?: MessageId
  /** Flag bit 0. */
  isEphemeral?: boolean
}

export async function sealDirect(sender: Signer, conversationId: ConversationId, wish: Wish = {}): Promise<SealedBody> {
  const messageId = wish.messageId ?? idFromBytes<MessageId>(systemRandom(16))
  const fields = {
    class: wish.class ?? 0,
    isEphemeral: wish.isEphemeral ?? false,
    convId: idToBytes(conversationId),
    msgId: idToBytes(messageId),
  }
  const { body } = await sealDmBody(systemRandom(32), fields, plaintextOf(sender, wish.words ?? 'hello'))
  return { messageId, body }
}

/** One sender chain of the test: what the server cannot check (iteration, keys) is simply valid. */
const chain = { chainId: systemRandom(16), keys: null as ReturnType<typeof generateSigningKeyPair<'chain'>> | null }

/** A group conversation's signed entries, as its members' devices keep them. */
export class GroupChain {
  readonly conversationId: ConversationId = idFromBytes(systemRandom(16))
  readonly entries: Uint8Array[] = []
  head: Uint8Array = new Uint8Array(32)

  get epoch(): number {
    return this.entries.length - 1
  }

  /** Signs the entry that would come next, without taking it. */
  draft(signer: Signer, sthSize: number, body: ConversationEntryBody): Uint8Array {
    return signConversationEntry(signer.dskSecret, {
      ...{ convId: idToBytes(this.conversationId), seq: this.entries.length, prev: this.head },
      ...{ signerUser: idToBytes(signer.accountId), signerDevice: idToBytes(signer.deviceId), sthSize, body },
    })
  }

  take(entry: Uint8Array): Uint8Array {
    this.head = nextConversationHead(this.head, entry)
    this.entries.push(entry)
    return entry
  }

  sign(signer: Signer, sthSize: number, body: ConversationEntryBody): Uint8Array {
    return this.take(this.draft(signer, sthSize, body))
  }

  async seal(sender: Signer, wish: Wish = {}): Promise<SealedBody> {
    const messageId = wish.messageId ?? idFromBytes<MessageId>(systemRandom(16))
    chain.keys ??= generateSigningKeyPair<'chain'>()
    const body = await sealGroupBody(
      systemRandom(32),
      {
        ...{ class: wish.class ?? 0, isEphemeral: wish.isEphemeral ?? false, iteration: 0 },
        ...{ convId: idToBytes(this.conversationId), msgId: idToBytes(messageId) },
        ...{ epoch: this.epoch, convHead: this.head, chainId: chain.chainId },
      },
      plaintextOf(sender, wish.words ?? 'hello'),
      chain.keys.secretKey as ChainSecretKey,
    )
    return { messageId, body }
  }
}

export function addOf(person: { accountId: AccountId; uik: RootPublicKey }): ConversationEntryBody {
  return { type: 'add', userId: idToBytes(person.accountId), uikHash: sha256(person.uik), role: 'member' }
}

import { DecryptionFailed } from '../crypto/errors.ts'
import type { DhPublicKey } from '../crypto/key-types.ts'
import {
  completeLink,
  createLinkOffer,
  formatLinkCode,
  joinLink,
  type LinkChannel,
  type LinkCode,
  type LinkMessage,
  type LinkOffer,
  type LinkRole,
  linkCheckDigits,
  openLinkFrame,
  parseLinkMessage,
  readLinkCode,
  sealLinkFrame,
} from '../crypto/linking.ts'
import { idFromBytes, type LinkId } from '../protocol/ids.ts'
import { ClientFailure } from './api.ts'
import type { LinkRelay } from './link-relay.ts'

/** What changed on the way, on whichever device it is noticed. */
export async function asTampered<Answer>(work: () => Answer | Promise<Answer>): Promise<Answer> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof DecryptionFailed) throw new ClientFailure('link_tampered', 0, error.reason)
    throw error
  }
}

/** A code of the other kind of device, from text that was scanned or pasted. */
export function readOtherCode(text: string, role: LinkRole): LinkCode {
  let code: LinkCode
  try {
    code = readLinkCode(text)
  } catch (error) {
    if (error instanceof DecryptionFailed) throw new ClientFailure('bad_link_code')
    throw error
  }
  if (code.role !== role) throw new ClientFailure('link_same_side')
  return code
}

/** Sealed messages between the two devices, in order: what cannot be opened ends the link. */
export class LinkLine {
  private constructor(
    private readonly relay: LinkRelay,
    private channel: LinkChannel,
    readonly digits: string,
  ) {}

  /** The side that shows a code: waits until the other one has scanned it. */
  static async show(
    relay: LinkRelay,
    { role, random }: { role: LinkRole; random: (length: number) => Uint8Array },
    onCode: (code: string) => void,
  ): Promise<LinkLine> {
    const offer: LinkOffer = createLinkOffer(role, random)
    await relay.join({ linkId: idFromBytes<LinkId>(offer.code.linkId), shows: true })
    onCode(formatLinkCode(offer.code))
    const scannerKey = await relay.next()
    return asTampered(() => {
      if (scannerKey.length !== 32) throw new DecryptionFailed('scanner key')
      const channel = completeLink(offer, scannerKey as DhPublicKey)
      return new LinkLine(relay, channel, linkCheckDigits(channel, true))
    })
  }

  /** The side that scanned it. */
  static async scan(relay: LinkRelay, code: LinkCode, random: (length: number) => Uint8Array): Promise<LinkLine> {
    await relay.join({ linkId: idFromBytes<LinkId>(code.linkId), shows: false })
    return asTampered(async () => {
      const { channel, ephemeralKey } = joinLink(code, random)
      await relay.send(ephemeralKey)
      return new LinkLine(relay, channel, linkCheckDigits(channel, false))
    })
  }

  async send(message: Uint8Array): Promise<void> {
    const { channel, frame } = await sealLinkFrame(this.channel, message)
    this.channel = channel
    await this.relay.send(frame)
  }

  async receive(): Promise<LinkMessage> {
    const frame = await this.relay.next()
    return asTampered(async () => {
      const { channel, message } = await openLinkFrame(this.channel, frame)
      this.channel = channel
      return parseLinkMessage(message)
    })
  }
}

import { open, seal } from './aead.ts'
import {
  BODY_SIGNATURE_BYTES,
  type BodyFields,
  type BodyHeader,
  type DmBodyFields,
  encodeBodyHeader,
  type GroupBodyFields,
  parseBodyHeader,
} from './body-header.ts'
import {
  type BodyPlaintext,
  checkSender,
  type DeviceAddress,
  decodeBodyPlaintext,
  encodeBodyPlaintext,
} from './body-plaintext.ts'
import { concat, equal, Z32 } from './bytes.ts'
import { insist } from './errors.ts'
import { hkdf, sha256 } from './hash.ts'
import type { ChainPublicKey, ChainSecretKey } from './key-types.ts'
import { sign, verifySignature } from './keys.ts'
import { label } from './label.ts'
import type { ContentKey } from './packets.ts'

const GROUP_LABEL = 'group-msg'

/** A body that was opened, with the two values an archive row is made of. */
export interface OpenedBody {
  header: BodyHeader
  plaintext: BodyPlaintext
  messageKey: Uint8Array
  bodyHash: Uint8Array
}

/** HKDF(Z32, mk, L("body") || convId || msgId, 76) -> key 32 | iv 12 | commit 32. A message key seals one body only. */
export function deriveBodyKeys(messageKey: Uint8Array, { convId, msgId }: { convId: Uint8Array; msgId: Uint8Array }) {
  const output = hkdf(Z32, messageKey, concat(label('body'), convId, msgId), 76)
  return { key: output.slice(0, 32), iv: output.slice(32, 44), commit: output.slice(44) }
}

/** header | ciphertext, without the signature of a group body. */
async function sealContent(messageKey: Uint8Array, fields: BodyFields, plaintext: BodyPlaintext): Promise<Uint8Array> {
  if (!fields.isEphemeral && plaintext.expirySeconds !== 0) throw new RangeError('only ephemeral bodies expire')
  const { key, iv, commit } = deriveBodyKeys(messageKey, fields)
  const aad = encodeBodyHeader(fields, commit)
  return concat(aad, await seal({ key, iv, aad }, encodeBodyPlaintext(plaintext)))
}

async function openContent(messageKey: Uint8Array, body: Uint8Array, header: BodyHeader): Promise<BodyPlaintext> {
  const { key, iv, commit } = deriveBodyKeys(messageKey, header)
  // Before the tag: AES-GCM does not commit to its key, so one ciphertext could be made to open under two of them.
  insist(equal(commit, header.commit), 'key commitment')
  const end = header.mode === 2 ? body.length - BODY_SIGNATURE_BYTES : body.length
  const aad = body.subarray(0, header.headerLength)
  const padded = await open({ key, iv, aad }, body.subarray(header.headerLength, end))
  return decodeBodyPlaintext(padded, header.isEphemeral)
}

/**
 * A DM body (mode 1), stored once for everybody, and the content key each recipient device gets through its session.
 * `messageKey` is 32 fresh random bytes.
 */
export async function sealDmBody(
  messageKey: Uint8Array,
  fields: Omit<DmBodyFields, 'mode'>,
  plaintext: BodyPlaintext,
): Promise<{ body: Uint8Array; contentKey: ContentKey }> {
  const body = await sealContent(messageKey, { ...fields, mode: 1 }, plaintext)
  return { body, contentKey: { convId: fields.convId, msgId: fields.msgId, messageKey, bodyHash: sha256(body) } }
}

/**
 * Opens a DM body with the content key that came through the session with `sessionPeer`. Refuses other ids, another
 * hash, another commitment, and a sender inside who is not the peer of that session.
 */
export async function openDmBody(
  body: Uint8Array,
  contentKey: ContentKey,
  sessionPeer: DeviceAddress,
): Promise<OpenedBody> {
  const header = parseBodyHeader(body)
  insist(header.mode === 1, 'not a DM body')
  insist(equal(header.convId, contentKey.convId) && equal(header.msgId, contentKey.msgId), 'ids of another body')
  const { plaintext, messageKey, bodyHash } = await openBodyWithKey(body, contentKey)
  checkSender(plaintext, sessionPeer)
  return { header, plaintext, messageKey, bodyHash }
}

/**
 * Opens a body of either mode with a key that is vouched for elsewhere: an archive row of one's own, or a history
 * bundle after {@link verifyBodySignature}. Checks the hash and the commitment, not who sent it.
 */
export async function openBodyWithKey(
  body: Uint8Array,
  { messageKey, bodyHash }: { messageKey: Uint8Array; bodyHash: Uint8Array },
): Promise<OpenedBody> {
  const header = parseBodyHeader(body)
  insist(equal(sha256(body), bodyHash), 'the hash of another body')
  return { header, plaintext: await openContent(messageKey, body, header), messageKey, bodyHash }
}

/**
 * A group body (mode 2) with a message key of the sender's chain:
 * ```
 * header 124 | ciphertext | sig(chain signing key, "group-msg", H(everything before it)) 64
 * ```
 */
export async function sealGroupBody(
  messageKey: Uint8Array,
  fields: Omit<GroupBodyFields, 'mode'>,
  plaintext: BodyPlaintext,
  signingKey: ChainSecretKey,
): Promise<Uint8Array> {
  const unsigned = await sealContent(messageKey, { ...fields, mode: 2 }, plaintext)
  return concat(unsigned, sign(signingKey, GROUP_LABEL, sha256(unsigned)))
}

/** Opens a group body whose signature was verified; refuses a sender inside who does not own the chain. */
export async function openGroupBody(
  messageKey: Uint8Array,
  body: Uint8Array,
  owner: DeviceAddress,
): Promise<OpenedBody> {
  const header = parseBodyHeader(body)
  insist(header.mode === 2, 'not a group body')
  const plaintext = await openContent(messageKey, body, header)
  checkSender(plaintext, owner)
  return { header, plaintext, messageKey, bodyHash: sha256(body) }
}

/** Whether the chain of `signingKey` made this group body. */
export function verifyBodySignature(body: Uint8Array, signingKey: ChainPublicKey): boolean {
  const end = body.length - BODY_SIGNATURE_BYTES
  if (end <= 0) return false
  return verifySignature(signingKey, GROUP_LABEL, sha256(body.subarray(0, end)), body.subarray(end))
}

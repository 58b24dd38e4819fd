import { compare, exactly } from './bytes.ts'
import { sha256 } from './hash.ts'
import { labelled } from './label.ts'

/**
 * The conversation of two users: H(L("dm") || 00 || min || max)[0:16], ids compared byte by byte, unsigned.
 * Both ends and the server derive the same 16 bytes; the same user twice is the note-to-self conversation.
 */
export function dmConversationId(userA: Uint8Array, userB: Uint8Array): Uint8Array {
  exactly(userA, 16, 'userId')
  exactly(userB, 16, 'userId')
  const [first, second] = compare(userA, userB) <= 0 ? [userA, userB] : [userB, userA]
  return sha256(labelled('dm', first, second)).slice(0, 16)
}

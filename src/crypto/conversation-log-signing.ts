import { concat } from './bytes.ts'
import type { UnsignedConversationEntry } from './conversation-log.ts'
import { encodeUnsignedConversationEntry } from './conversation-log.ts'
import type { DeviceSecretKey } from './key-types.ts'
import { sign } from './keys.ts'

/** A whole entry: the unsigned bytes and sig(DSK of signerDevice, "conv entry", them). */
export function signConversationEntry(secretKey: DeviceSecretKey, entry: UnsignedConversationEntry): Uint8Array {
  const unsigned = encodeUnsignedConversationEntry(entry)
  return concat(unsigned, sign(secretKey, 'conv entry', unsigned))
}

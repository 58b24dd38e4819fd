// The one door between the server and the cryptography. Everything reachable from here works on public keys alone:
// nothing makes, holds or uses a secret key of a member. `tests/architecture.test.ts` holds the server to this file.

export type { BodyHeader } from './body-header.ts'
export { parseBodyHeader } from './body-header.ts'
export { fromHex, toHex } from './bytes.ts'
export type { ConversationEntry } from './conversation-log.ts'
export { parseConversationEntry } from './conversation-log.ts'
export type { ConversationState, DeviceDirectory, Member } from './conversation-log-validator.ts'
export {
  adminsOf,
  admitConversationEntry,
  directoryOf,
  findMember,
  isMemberIdentity,
} from './conversation-log-validator.ts'
export { DecryptionFailed } from './errors.ts'
export { sha256 } from './hash.ts'
export { dmConversationId } from './ids.ts'
export type { LogEntry } from './key-log.ts'
export { parseLogEntry } from './key-log.ts'
export type { DeviceKeys, KeyLogState, UserKeys } from './key-log-validator.ts'
export {
  activeDevices,
  activeDevicesAt,
  admitEntries,
  admitEntry,
  EMPTY_KEY_LOG,
  findActiveDevice,
  findUser,
  identityAt,
} from './key-log-validator.ts'
export type { DevicePublicKey, LogPublicKey, RootPublicKey } from './key-types.ts'
export type { LoginChallenge } from './login.ts'
export { checkLogin } from './login.ts'
export type { PrekeyKind, SignedPrekey } from './prekeys.ts'
export { checkPrekey, checkPrekeySignature, PREKEY_BYTES, PREKEY_MAX_AGE_MS } from './prekeys.ts'
export { sodiumReady } from './sodium.ts'
export type { LogHead, TreeHead } from './sth.ts'
export { checkSth, encodeSth, logIdOf, STH_BYTES, sthSignedBytes } from './sth.ts'
export { leafHash, MerkleTree, nodeHash, rootOf } from './tree.ts'

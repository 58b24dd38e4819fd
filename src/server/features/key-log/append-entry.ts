import { parseLogEntry } from '../../../crypto/verify.ts'
import type { LogAppended } from '../../../protocol/devices.ts'
import { Refusal } from '../../../protocol/errors.ts'
import { idFromBytes, toBase64Url } from '../../../protocol/ids.ts'
import type { Principal } from '../../auth.ts'
import type { Context } from '../../context.ts'
import { refuseBroken } from '../../errors.ts'
import { assertNotHealing } from '../../incarnation.ts'
import { leftReason } from './key-log.ts'

/** One entry of the signed-in account: by its root, or by the very device that sends it. New identities come in by invite only. */
export async function appendOwnEntry(
  { database, keyLog, settings }: Context,
  principal: Principal,
  bytes: Uint8Array,
): Promise<LogAppended> {
  const entry = refuseBroken('bad_entry', () => parseLogEntry(bytes))
  const isOwn = idFromBytes(entry.userId) === principal.accountId
  const isBySender = entry.signer.kind === 'root' || idFromBytes(entry.signer.deviceId) === principal.deviceId
  const isIdentity = entry.body.type === 'genesis' || entry.body.type === 'identity-reset'
  // Leaving is one call that ends every device at once (DELETE /api/accounts/me).
  const isLeaving = entry.body.type === 'device-revoke' && entry.body.reason === leftReason
  if (!isOwn || !isBySender || isIdentity || isLeaving) throw new Refusal('not_allowed')
  const index = await database.transaction(async (tx) => {
    assertNotHealing({ settings })
    return keyLog.append(tx, [bytes])
  })
  return { index, treeHead: toBase64Url(keyLog.treeHead) }
}

import type { HomeChange, HomeView } from '../../../protocol/accounts.ts'
import { Refusal } from '../../../protocol/errors.ts'
import { toBase64Url } from '../../../protocol/ids.ts'
import { serverFrames } from '../../../protocol/socket.ts'
import { PRODUCT_VERSION, PROTOCOL_VERSION } from '../../../protocol/version.ts'
import type { Principal } from '../../auth.ts'
import type { Context } from '../../context.ts'
import { hasConversation } from './store.ts'

export function viewHome({ settings, keyLog }: Context, { accountId, deviceId, role }: Principal): HomeView {
  return {
    name: settings.get('homeName') ?? '',
    ...{ accountId, deviceId, role },
    incarnation: settings.incarnation,
    restoredFrom: settings.get('restoredFrom'),
    isHealing: settings.isHealing,
    logPublicKey: toBase64Url(keyLog.publicKey),
    treeHead: toBase64Url(keyLog.treeHead),
    familyConversationId: settings.get('familyConversationId'),
    version: PRODUCT_VERSION,
    protocolVersion: PROTOCOL_VERSION,
  }
}

/** The family conversation is named once: whoever comes second has to take the one there is. */
export async function changeHome({ database, settings, hub }: Context, change: HomeChange): Promise<void> {
  const { name, familyConversationId } = change
  await database.transaction(async (tx) => {
    if (name !== undefined) await settings.set(tx, 'homeName', name)
    if (familyConversationId !== undefined) {
      const held = settings.get('familyConversationId')
      if (held !== null && held !== familyConversationId) throw new Refusal('state_moved')
      if (!(await hasConversation(tx, familyConversationId))) throw new Refusal('not_found')
      await settings.set(tx, 'familyConversationId', familyConversationId)
    }
    tx.onCommit(() => hub.broadcast(serverFrames.encode({ type: 'changed', what: 'home' })))
  })
}

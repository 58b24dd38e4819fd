import type { FormerAccount, FormerLook } from '../../../protocol/accounts.ts'
import { toBase64Url } from '../../../protocol/ids.ts'
import type { Context } from '../../context.ts'
import { lookAtFormer } from '../invites/invites.ts'

/** What somebody who lost everything needs to begin anew: whose invite this is, and the log their new root continues. */
export async function lookAtFormerAccount(context: Context, offer: FormerLook): Promise<FormerAccount> {
  const { accountId, signInName } = await lookAtFormer(context, offer)
  const { keyLog } = context
  const treeHead = toBase64Url(keyLog.treeHead)
  const entries = (await keyLog.readAll()).map(toBase64Url)
  return { accountId, signInName, entries, treeHead, logPublicKey: toBase64Url(keyLog.publicKey) }
}

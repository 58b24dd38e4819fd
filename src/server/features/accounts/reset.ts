import type { FormerAccount, FormerLook } from '../../../protocol/accounts.ts'
import { toBase64Url } from '../../../protocol/ids.ts'
import type { Context } from '../../context.ts'
import { lookAtFormer } from '../invites/invites.ts'

/** What somebody who lost everything needs to begin anew: whose invite this is, and the log their new root continues. */
export async function lookAtFormerAccount(context: Context, offer: FormerLook): Promise<FormerAccount> {
  const { accountId, signInName } = await lookAtFormer(context, offer)
  const { keyLog } = context
  return { accountId, signInName, ...(await keyLog.readWhole()), logPublicKey: toBase64Url(keyLog.publicKey) }
}

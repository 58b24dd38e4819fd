import { DecryptionFailed } from '../crypto/errors.ts'
import { inviteAuth } from '../crypto/invite.ts'
import { findUser } from '../crypto/key-log-validator.ts'
import type { LogPublicKey } from '../crypto/key-types.ts'
import { type InviteId, idFromBytes, idToBytes } from '../protocol/ids.ts'
import { ClientFailure } from './api.ts'
import { bytesOf, textOf } from './encoding.ts'
import type { Http } from './http.ts'
import type { ReadInvite } from './invite-look.ts'
import { EMPTY_COPY, growCopy, LogConflict, readHead } from './key-log-copy.ts'
import type { Former } from './new-account.ts'

/** The account that an invite lets begin anew, at its place in the log that the link pins. The root is new, the name stays. */
export async function findFormer(http: Http, { link, logPublicKey }: ReadInvite): Promise<Former> {
  const inviteId = idFromBytes<InviteId>(link.inviteId)
  const answer = await http.formerAccount({ inviteId, inviteAuth: textOf(inviteAuth(link.inviteSecret)) })
  try {
    const treeHead = bytesOf(answer.treeHead, 144)
    const entries = answer.entries.map((entry) => bytesOf(entry))
    const { state } = growCopy(EMPTY_COPY, entries, readHead(logPublicKey as LogPublicKey, treeHead), treeHead)
    const user = findUser(state, idToBytes(answer.accountId))
    if (user === null) throw new LogConflict('fork', 'the log does not know this account')
    const { accountId, signInName } = answer
    const { useq, head: prev } = user
    return { accountId, signInName, useq: useq + 1, prev, endedDevices: user.devices.length }
  } catch (error) {
    if (error instanceof DecryptionFailed) throw new ClientFailure('untrusted_server', 0, error.reason)
    if (error instanceof LogConflict) throw new ClientFailure('untrusted_server', 0, error.detail)
    throw error
  }
}

import { parseLogEntry } from '../../../crypto/verify.ts'
import type { RootReplace, SlotReplace } from '../../../protocol/accounts.ts'
import type { LogAppended } from '../../../protocol/devices.ts'
import { Refusal } from '../../../protocol/errors.ts'
import { idFromBytes, toBase64Url } from '../../../protocol/ids.ts'
import type { Principal } from '../../auth.ts'
import type { Context } from '../../context.ts'
import { refuseBroken } from '../../errors.ts'
import { assertNotHealing } from '../../incarnation.ts'
import { readBytes } from '../../wire-bytes.ts'
import {
  addArchiveKey,
  deleteArchiveKeys,
  listArchiveKeys,
  putSlot,
  readArchiveKey,
  readSlot,
  setRootSeed,
} from '../accounts/accounts.ts'
import { spendTicketOf } from './recovery.ts'

/** After a passphrase change or a new kit; which of the two, the slot itself says. The one before opens nothing from now on. */
export async function replaceSlot(context: Context, { accountId }: Principal, offer: SlotReplace): Promise<void> {
  const slot = readSlot(offer)
  await context.database.transaction(async (tx) => {
    await spendTicketOf(context, tx, { ticket: offer.ticket, accountId })
    await putSlot(tx, accountId, { ...slot, now: context.clock.now() })
  })
}

/** A new root and backup in the place of those that may have leaked: all of it at once, or nothing. */
export async function replaceRoot(
  context: Context,
  { accountId }: Principal,
  offer: RootReplace,
): Promise<LogAppended> {
  const { database, keyLog, clock } = context
  const bytes = readBytes(offer.entry)
  const entry = refuseBroken('bad_entry', () => parseLogEntry(bytes))
  if (entry.body.type !== 'root-rotate') throw new Refusal('bad_entry')
  if (idFromBytes(entry.userId) !== accountId) throw new Refusal('not_allowed')
  const slots = [readSlot(offer.passphraseSlot), readSlot(offer.recoverySlot)]
  if (slots[0]?.kind !== 1 || slots[1]?.kind !== 2) throw new Refusal('bad_request', { detail: 'slots' })
  const keys = offer.sealedArchiveKeys.map(readArchiveKey)
  const index = await database.transaction(async (tx) => {
    assertNotHealing(context)
    await spendTicketOf(context, tx, { ticket: offer.ticket, accountId })
    const held = await listArchiveKeys(tx, accountId)
    if (held.some(({ epoch }) => !keys.some((key) => key.epoch === epoch))) throw new Refusal('state_moved')
    const first = await keyLog.append(tx, [bytes])
    await setRootSeed(tx, accountId, readBytes(offer.wrappedRootSeed, 60))
    for (const slot of slots) await putSlot(tx, accountId, { ...slot, now: clock.now() })
    await deleteArchiveKeys(tx, accountId)
    for (const key of keys) await addArchiveKey(tx, accountId, key)
    return first
  })
  return { index, treeHead: toBase64Url(keyLog.treeHead) }
}

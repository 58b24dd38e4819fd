import { openWithIv, sealWithRandomIv } from './aead.ts'
import type { ArchiveKey } from './archive.ts'
import { equal, exactly, Reader, u32 } from './bytes.ts'
import { insist } from './errors.ts'
import { type BundleChain, encodeBundleChain, readBundleChain } from './history-bundle.ts'
import { labelled } from './label.ts'
import type { RandomSource } from './random.ts'

/** Bytes of an archived voucher. */
export const VOUCHER_ROW_BYTES = 160

/** Which chain of which conversation a row is about, and whose archive it stands in. */
export interface VoucherPlace {
  userId: Uint8Array
  convId: Uint8Array
  chainId: Uint8Array
}

function associatedData(epoch: number, { userId, convId, chainId }: VoucherPlace): Uint8Array {
  insist(Number.isInteger(epoch) && epoch >= 1 && epoch <= 0xffffffff, 'archive epoch')
  const ids = [exactly(convId, 16, 'convId'), exactly(chainId, 16, 'chainId')] as const
  return labelled('archive-voucher', exactly(userId, 16, 'userId'), u32(epoch), ...ids)
}

/**
 * Who certified a sender chain, kept for the person's devices to come (section 5.13); archive epoch, convId and chainId travel
 * beside it, and the chain stands inside as in a history bundle:
 * ```
 * iv 12 | GCM(AK_e, chainId 16 | deviceId 16 | epoch u32 | sigPub 32 | cert 64;
 *             aad = L("archive-voucher") || 00 || userId || u32 e || convId || chainId)            = 160
 * ```
 * Klass 0 only: nothing of a disappearing message is archived.
 */
export async function sealVoucherRow(
  archiveKey: ArchiveKey,
  place: VoucherPlace,
  chain: BundleChain,
  random: RandomSource,
): Promise<Uint8Array> {
  insist(equal(chain.chainId, place.chainId), 'another chain')
  const aad = associatedData(archiveKey.epoch, place)
  return sealWithRandomIv({ key: archiveKey.key, aad, random }, encodeBundleChain(chain))
}

/**
 * The chain of a row; a row of another chain, conversation, user or epoch is a DecryptionFailed. Whoever had the archive key may
 * have made it up: check the certificate against the key log (`verifyChainCertificate`) before it counts.
 */
export async function openVoucherRow(
  archiveKey: ArchiveKey,
  place: VoucherPlace,
  row: Uint8Array,
): Promise<BundleChain> {
  exactly(row, VOUCHER_ROW_BYTES, 'voucher row')
  const content = await openWithIv({ key: archiveKey.key, aad: associatedData(archiveKey.epoch, place) }, row)
  const chain = readBundleChain(new Reader(content))
  insist(equal(chain.chainId, place.chainId), 'another chain')
  return chain
}

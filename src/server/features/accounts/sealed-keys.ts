import type { SealedArchiveKey, SealedState } from '../../../protocol/accounts.ts'
import { Refusal } from '../../../protocol/errors.ts'
import { readBytes } from '../../wire-bytes.ts'
import type { SlotKind, StateRow } from './store.ts'

/** A backup slot as it is kept: the server knows its kind and the hash of what opens it (PROTOCOL 4.8). */
export type ReadSlot = { kind: SlotKind; slot: Uint8Array; authHash: Uint8Array }

const slotBytes = 86
const slotVersion = 1

/** Throws `bad_request` for a slot whose first bytes are of no known form. */
export function readSlot(upload: { slot: string; authHash: string }): ReadSlot {
  const slot = readBytes(upload.slot, slotBytes)
  const [kind, version] = slot
  if ((kind !== 1 && kind !== 2) || version !== slotVersion) throw new Refusal('bad_request', { detail: 'slot' })
  return { kind, slot, authHash: readBytes(upload.authHash, 32) }
}

export function readArchiveKey({ epoch, record }: SealedArchiveKey): { epoch: number; record: Uint8Array } {
  return { epoch, record: readBytes(record, 1248) }
}

export function readState({ version, epoch, sealed }: SealedState): StateRow {
  return { version, epoch, sealed: readBytes(sealed) }
}

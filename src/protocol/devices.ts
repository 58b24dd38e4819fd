import { type Static, Type } from '@sinclair/typebox'
import type { AccountId, DeviceId } from './ids.ts'
import { bytesSchema, idSchema, timeSchema } from './schema.ts'

const prekeyId = Type.Integer({ minimum: 1, maximum: 0xffffffff })

/** A signed X25519 prekey (label "spk") or ML-KEM-768 prekey (label "kem-prekey"), PROTOCOL 4.1. */
export const signedPrekey = Type.Object({
  id: prekeyId,
  createdAt: timeSchema,
  publicKey: bytesSchema(32),
  signature: bytesSchema(64),
})
export const kemPrekey = Type.Object({
  id: prekeyId,
  createdAt: timeSchema,
  publicKey: bytesSchema(1184),
  signature: bytesSchema(64),
})
export const oneTimePrekey = Type.Object({ id: prekeyId, publicKey: bytesSchema(32) })
export type SignedPrekey = Static<typeof signedPrekey>
export type KemPrekey = Static<typeof kemPrekey>
export type OneTimePrekey = Static<typeof oneTimePrekey>

/** PUT /api/prekeys. What is present replaces (signed, lastResort) or adds (one-time); `replaceAll` first drops every one-time prekey. */
export const prekeyUpload = Type.Object({
  signed: Type.Optional(signedPrekey),
  lastResort: Type.Optional(kemPrekey),
  oneTime: Type.Array(oneTimePrekey, { maxItems: 100 }),
  oneTimeKem: Type.Array(kemPrekey, { maxItems: 40 }),
  replaceAll: Type.Optional(Type.Boolean()),
})
export type PrekeyUpload = Static<typeof prekeyUpload>
/** GET /api/prekeys: how many one-time prekeys of this device are left. */
export type PrekeyCounts = { oneTime: number; oneTimeKem: number; signedCreatedAt: number | null }

/** POST /api/prekeys/claim -> PrekeyBundle[] in no order; each takes one one-time prekey of its device away for good. */
export const prekeyClaim = Type.Object({ deviceIds: Type.Array(idSchema<DeviceId>(), { minItems: 1, maxItems: 128 }) })
export type PrekeyBundle = {
  deviceId: DeviceId
  accountId: AccountId
  signed: SignedPrekey
  oneTime: OneTimePrekey | null
  /** A one-time KEM prekey, or the last resort. */
  kem: KemPrekey
}

/** POST /api/devices: adds a device after recovery. deviceAdd is signed by root; ticket comes from recovery. Answers DeviceAdded. */
export const addDevice = Type.Object({
  ticket: Type.String({ maxLength: 128 }),
  deviceAdd: bytesSchema(1, 1024),
  prekeys: prekeyUpload,
})
export type AddDevice = Static<typeof addDevice>
export type DeviceAdded = { treeHead: string }

/** GET /api/log?from=N -> LogPage (members). Entries from index N on, at most limits.maxLogPageEntries. */
export type LogPage = { entries: string[]; treeHead: string }
/** POST /api/log: one entry (vouch, device-revoke, …) by its signer. Refusals: log_moved, bad_entry, not_allowed. Answers LogPage-like head. */
export const logAppend = Type.Object({ entry: bytesSchema(1, 2048) })
export type LogAppended = { index: number; treeHead: string }

import type { DhPublicKey, KemPublicKey } from '../crypto/key-types.ts'
import type { DhKeyPair, KemKeyPair } from '../crypto/keys.ts'
import type { PrekeyBundle as CryptoBundle } from '../crypto/pqxdh.ts'
import {
  makeKemPrekey,
  makeOneTimePrekeys,
  makeSignedPrekey,
  type OwnKemPrekey,
  type OwnOneTimePrekey,
  type OwnSignedPrekey,
  type PrekeyMaker,
} from '../crypto/prekey-signing.ts'
import type { PrekeyBundle, PrekeyUpload } from '../protocol/devices.ts'
import type { DeviceId } from '../protocol/ids.ts'
import type { ClientContext, LocalWrite } from './context.ts'
import { bytesOf, textOf } from './encoding.ts'
import type { Http } from './http.ts'
import type { FoundPrekeys, Identity, KeyLog, LogDevice, Prekeys } from './parts.ts'

const DAY_MS = 24 * 3_600_000
const ONE_TIME = 50
const ONE_TIME_KEM = 20
const REFILL_BELOW = 20
const REFILL_KEM_BELOW = 8
const ROTATE_AFTER_MS = 7 * DAY_MS
/** Kept after a successor took over: a handshake may be under way for so long. */
const KEEP_AFTER_MS = ROTATE_AFTER_MS + 30 * DAY_MS
const CLAIM_LOT = 128

type Kind = 'signed' | 'one-time' | 'kem' | 'one-time-kem'
type StoredPrekey = { publicKey: Uint8Array; secretKey: Uint8Array; createdAt: number }
/** The next free id of each id space, and when the present SPK was made. Ids start at 1. */
export type PrekeyPlan = { nextSigned: number; nextOneTime: number; nextKem: number; signedCreatedAt: number }
const PLAN_ROW = 'prekey-plan'
const FRESH_PLAN: PrekeyPlan = { nextSigned: 1, nextOneTime: 1, nextKem: 1, signedCreatedAt: 0 }

function rowKey(kind: Kind, id: number): string {
  return `${kind}:${id.toString().padStart(10, '0')}`
}

function write(kind: Kind, createdAt: number, key: OwnOneTimePrekey | OwnSignedPrekey | OwnKemPrekey): LocalWrite {
  const { id, publicKey, secretKey } = key
  return { table: 'prekeys', key: rowKey(kind, id), value: { publicKey, secretKey, createdAt } }
}

const published = ({ id, createdAt, publicKey, signature }: OwnSignedPrekey | OwnKemPrekey) => ({
  id,
  createdAt,
  publicKey: textOf(publicKey),
  signature: textOf(signature),
})

type Batch = { upload: PrekeyUpload; writes: LocalWrite[]; plan: PrekeyPlan }
type Wanted = { isWhole: boolean; oneTime: number; oneTimeKem: number }

function makeBatch(maker: PrekeyMaker, plan: PrekeyPlan, now: number, wanted: Wanted): Batch {
  const oneTime = makeOneTimePrekeys(plan.nextOneTime, wanted.oneTime, maker.random)
  const signed = wanted.isWhole ? makeSignedPrekey(maker, plan.nextSigned, now) : null
  const lastResort = wanted.isWhole ? makeKemPrekey(maker, plan.nextKem, now) : null
  const firstKem = plan.nextKem + (lastResort ? 1 : 0)
  const oneTimeKem = Array.from({ length: wanted.oneTimeKem }, (_, at) => makeKemPrekey(maker, firstKem + at, now))
  const next: PrekeyPlan = {
    nextSigned: plan.nextSigned + (signed ? 1 : 0),
    nextOneTime: plan.nextOneTime + oneTime.length,
    nextKem: firstKem + oneTimeKem.length,
    signedCreatedAt: signed ? now : plan.signedCreatedAt,
  }
  return {
    plan: next,
    upload: {
      ...(signed ? { signed: published(signed) } : {}),
      ...(lastResort ? { lastResort: published(lastResort) } : {}),
      oneTime: oneTime.map(({ id, publicKey }) => ({ id, publicKey: textOf(publicKey) })),
      oneTimeKem: oneTimeKem.map(published),
      ...(wanted.isWhole ? { replaceAll: true } : {}),
    },
    writes: [
      ...(signed ? [write('signed', now, signed)] : []),
      ...(lastResort ? [write('kem', now, lastResort)] : []),
      ...oneTime.map((key) => write('one-time', now, key)),
      ...oneTimeKem.map((key) => write('one-time-kem', now, key)),
      { table: 'device', key: PLAN_ROW, value: next },
    ],
  }
}

/** The first prekeys of a new device: what is published, and the rows to keep before it is. */
export function makeFirstPrekeys(maker: PrekeyMaker, now: number): { upload: PrekeyUpload; writes: LocalWrite[] } {
  const { upload, writes } = makeBatch(maker, FRESH_PLAN, now, whole())
  const { replaceAll: _, ...first } = upload
  return { upload: first, writes }
}

function whole(): Wanted {
  return { isWhole: true, oneTime: ONE_TIME, oneTimeKem: ONE_TIME_KEM }
}

type Needs = { context: ClientContext; http: Http; identity: Identity; keyLog: KeyLog }
export type OwnPrekeys = Prekeys & {
  /** Refills what was used, renews what is a week old, forgets what is past use. */
  upkeep(): Promise<void>
}

export function createPrekeys({ context, http, identity, keyLog }: Needs): OwnPrekeys {
  const { store, platform } = context
  const maker: PrekeyMaker = {
    userId: identity.userId,
    deviceId: identity.rawDeviceId,
    dskSecret: identity.dsk.secretKey,
    random: platform.random,
  }

  // Kept before they are published: a handshake may name them before the upload's answer arrives.
  async function publish(wanted: Wanted): Promise<void> {
    const plan = (await store.get<PrekeyPlan>('device', PLAN_ROW)) ?? FRESH_PLAN
    const { upload, writes } = makeBatch(maker, plan, platform.clock.now(), wanted)
    await store.commit(writes)
    await http.putPrekeys(upload)
  }

  async function forgetOld(): Promise<void> {
    const before = platform.clock.now() - KEEP_AFTER_MS
    const rows = await store.list<StoredPrekey>('prekeys', {})
    const old = rows.filter((row) => row.value.createdAt < before)
    if (old.length > 0) await store.commit(old.map(({ key }) => ({ table: 'prekeys', key, value: null })))
  }

  async function upkeep(): Promise<void> {
    const counts = await http.prekeyCounts()
    const age = platform.clock.now() - (counts.signedCreatedAt ?? 0)
    if (age >= ROTATE_AFTER_MS) await publish(whole())
    else {
      const oneTime = counts.oneTime < REFILL_BELOW ? ONE_TIME - counts.oneTime : 0
      const oneTimeKem = counts.oneTimeKem < REFILL_KEM_BELOW ? ONE_TIME_KEM - counts.oneTimeKem : 0
      if (oneTime + oneTimeKem > 0) await publish({ isWhole: false, oneTime, oneTimeKem })
    }
    await forgetOld()
  }

  async function find(kind: Kind, id: number): Promise<StoredPrekey | null> {
    return id === 0 ? null : store.get<StoredPrekey>('prekeys', rowKey(kind, id))
  }

  const findSecrets: Prekeys['findSecrets'] = async ({ signedPrekeyId, oneTimePrekeyId, kemPrekeyId }) => {
    const [signed, oneTime, lastResort, oneTimeKem] = await Promise.all([
      find('signed', signedPrekeyId),
      find('one-time', oneTimePrekeyId),
      find('kem', kemPrekeyId),
      find('one-time-kem', kemPrekeyId),
    ])
    const used: [Kind, number][] = []
    if (oneTime) used.push(['one-time', oneTimePrekeyId])
    if (oneTimeKem) used.push(['one-time-kem', kemPrekeyId])
    const writes: FoundPrekeys['writes'] = used.map(([kind, id]) => ({
      table: 'prekeys',
      key: rowKey(kind, id),
      value: null,
    }))
    const held = {
      signedPrekey: signed as DhKeyPair | null,
      kemPrekey: (lastResort ?? oneTimeKem) as KemKeyPair | null,
      oneTimePrekey: oneTime as DhKeyPair | null,
    }
    return { held, writes }
  }

  async function claimBundles(deviceIds: readonly DeviceId[]): Promise<CryptoBundle[]> {
    const bundles: CryptoBundle[] = []
    for (let at = 0; at < deviceIds.length; at += CLAIM_LOT) {
      for (const bundle of await http.claimPrekeys(deviceIds.slice(at, at + CLAIM_LOT))) {
        const device = keyLog.device(bundle.accountId, bundle.deviceId)
        if (device?.status === 'active') bundles.push(toCryptoBundle(bundle, device))
      }
    }
    return bundles
  }

  return { findSecrets, claimBundles, replaceAll: () => publish(whole()), upkeep }
}

/** Keys from the log, never from the home's answer. */
function toCryptoBundle({ signed, oneTime, kem }: PrekeyBundle, device: LogDevice): CryptoBundle {
  return {
    userId: device.userId,
    deviceId: device.rawDeviceId,
    dsk: device.dsk,
    dik: device.dik,
    signedPrekey: {
      id: signed.id,
      createdAt: signed.createdAt,
      publicKey: bytesOf(signed.publicKey, 32) as DhPublicKey,
      signature: bytesOf(signed.signature, 64),
    },
    kemPrekey: {
      id: kem.id,
      createdAt: kem.createdAt,
      publicKey: bytesOf(kem.publicKey, 1184) as KemPublicKey,
      signature: bytesOf(kem.signature, 64),
    },
    oneTimePrekey: oneTime && { id: oneTime.id, publicKey: bytesOf(oneTime.publicKey, 32) as DhPublicKey },
  }
}

import { sealArchiveKey } from '../crypto/sealed-archive-key.ts'
import { ClientFailure } from './api.ts'
import type { ClientContext, LocalWrite } from './context.ts'
import { textOf } from './encoding.ts'
import type { Http } from './http.ts'
import type { ArchiveKey, ArchiveKeys, Identity, SyncContent } from './parts.ts'

/** A new epoch is begun after so long (PROTOCOL 4.12). */
export const ARCHIVE_KEY_LIFETIME_MS = 90 * 24 * 3_600_000

/** untold: the newest key was not yet sent to the own other devices. */
type StoredKeys = { keys: readonly ArchiveKey[]; currentSince: number; untold: boolean }
/** A key that may or may not be at the home yet: the same bytes are offered again after a lost answer. */
type NextKey = ArchiveKey & { record: Uint8Array }
const ROW = 'archive-keys'
const NEXT_ROW = 'archive-key-next'

/** The row that keeps them on this device. */
export function archiveKeysWrite(keys: readonly ArchiveKey[], now: number): LocalWrite {
  const stored: StoredKeys = { keys, currentSince: now, untold: false }
  return { table: 'device', key: ROW, value: stored }
}

type Needs = {
  context: ClientContext
  http: Http
  identity: Identity
  backupPublicKey: Uint8Array
  sendSync(content: SyncContent): Promise<void>
}

export type OwnArchiveKeys = ArchiveKeys & {
  /** A new epoch: sealed to the backup first, then told to the own devices. */
  rotate(): Promise<void>
  rotateIfDue(): Promise<void>
  /** An own device began an epoch. */
  applySync(content: SyncContent): Promise<void>
  all(): readonly ArchiveKey[]
}

export async function openArchiveKeys(needs: Needs): Promise<OwnArchiveKeys> {
  const { context, http, identity } = needs
  const { store, platform } = context
  const stored = await store.get<StoredKeys>('device', ROW)
  if (stored === null || stored.keys.length === 0) throw new Error('a device without an archive key')
  let held: StoredKeys = stored
  let rotating: Promise<void> | null = null

  const current = () => held.keys.reduce((newest, key) => (key.epoch > newest.epoch ? key : newest))
  const get = (epoch: number) => held.keys.find((key) => key.epoch === epoch)?.key ?? null

  async function keep(next: StoredKeys, ...more: LocalWrite[]): Promise<void> {
    await store.commit([{ table: 'device', key: ROW, value: next }, ...more])
    held = next
  }
  const forgetNext: LocalWrite = { table: 'device', key: NEXT_ROW, value: null }

  async function prepare(): Promise<NextKey> {
    const epoch = current().epoch + 1
    const prepared = await store.get<NextKey>('device', NEXT_ROW)
    if (prepared?.epoch === epoch) return prepared
    const key = platform.random(32)
    const maker = { userId: identity.userId, deviceId: identity.rawDeviceId, dskSecret: identity.dsk.secretKey }
    const next = {
      epoch,
      key,
      record: await sealArchiveKey(maker, needs.backupPublicKey, { epoch, key }, platform.random),
    }
    await store.commit([{ table: 'device', key: NEXT_ROW, value: next }])
    return next
  }

  async function rotateOnce(): Promise<void> {
    const { epoch, key, record } = await prepare()
    try {
      await http.putArchiveKey({ epoch, record: textOf(record) })
    } catch (error) {
      if (!(error instanceof ClientFailure && error.code === 'state_moved')) throw error
      // Another own device was faster; its key comes to this one as a sync packet.
      return store.commit([forgetNext])
    }
    const keys = [...held.keys.filter((known) => known.epoch !== epoch), { epoch, key }]
    await keep({ keys, currentSince: platform.clock.now(), untold: true }, forgetNext)
    await tell()
  }

  async function tell(): Promise<void> {
    const { epoch, key } = current()
    await needs.sendSync({ kind: 'archive_key', epoch, key })
    await keep({ ...held, untold: false })
  }

  function rotate(): Promise<void> {
    rotating ??= rotateOnce().finally(() => {
      rotating = null
    })
    return rotating
  }

  async function applySync(content: SyncContent): Promise<void> {
    const { epoch, key } = content
    if (typeof epoch !== 'number' || !(key instanceof Uint8Array) || key.length !== 32 || get(epoch) !== null) return
    await keep({ ...held, keys: [...held.keys, { epoch, key }], currentSince: platform.clock.now() })
  }

  async function rotateIfDue(): Promise<void> {
    if (held.untold) await tell()
    const isInterrupted = (await store.get<NextKey>('device', NEXT_ROW)) !== null
    const isOld = platform.clock.now() - held.currentSince >= ARCHIVE_KEY_LIFETIME_MS
    if (isInterrupted || isOld) await rotate()
  }
  return { current, get, all: () => held.keys, rotate, rotateIfDue, applySync }
}

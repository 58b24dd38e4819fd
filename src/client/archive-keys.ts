import { sealArchiveKey } from '../crypto/sealed-archive-key.ts'
import { ClientFailure } from './api.ts'
import type { ClientContext, LocalWrite } from './context.ts'
import { textOf } from './encoding.ts'
import type { Http } from './http.ts'
import type { ArchiveKey, ArchiveKeys, Identity, SyncContent } from './parts.ts'

/** A new epoch is begun after so long (PROTOCOL 4.12). */
export const ARCHIVE_KEY_LIFETIME_MS = 90 * 24 * 3_600_000

type StoredKeys = { keys: ArchiveKey[]; currentSince: number }
const ROW = 'archive-keys'

/** The row that keeps them on this device. */
export function archiveKeysWrite(keys: readonly ArchiveKey[], now: number): LocalWrite {
  return { table: 'device', key: ROW, value: { keys, currentSince: now } }
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
  let { keys, currentSince } = stored

  const current = () => keys.reduce((newest, key) => (key.epoch > newest.epoch ? key : newest))
  const get = (epoch: number) => keys.find((key) => key.epoch === epoch)?.key ?? null

  async function add(key: ArchiveKey): Promise<void> {
    const now = platform.clock.now()
    const next = [...keys, key]
    await store.commit([archiveKeysWrite(next, now)])
    keys = next
    currentSince = now
  }

  async function rotate(): Promise<void> {
    const next = { epoch: current().epoch + 1, key: platform.random(32) }
    const maker = { userId: identity.userId, deviceId: identity.rawDeviceId, dskSecret: identity.dsk.secretKey }
    const record = await sealArchiveKey(maker, needs.backupPublicKey, next, platform.random)
    try {
      await http.putArchiveKey({ epoch: next.epoch, record: textOf(record) })
    } catch (error) {
      // Another own device was faster; its key comes to this one as a sync packet.
      if (error instanceof ClientFailure && error.code === 'state_moved') return
      throw error
    }
    await add(next)
    await needs.sendSync({ kind: 'archive_key', epoch: next.epoch, key: next.key })
  }

  async function applySync(content: SyncContent): Promise<void> {
    const { epoch, key } = content
    if (typeof epoch !== 'number' || !(key instanceof Uint8Array) || key.length !== 32 || get(epoch) !== null) return
    await add({ epoch, key })
  }

  async function rotateIfDue(): Promise<void> {
    if (platform.clock.now() - currentSince >= ARCHIVE_KEY_LIFETIME_MS) await rotate()
  }
  return { current, get, all: () => keys, rotate, rotateIfDue, applySync }
}

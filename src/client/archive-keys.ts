import { hashBackupKey } from '../crypto/backup-root.ts'
import { equal } from '../crypto/bytes.ts'
import { findUser, type UserKeys } from '../crypto/key-log-validator.ts'
import { sealArchiveKey } from '../crypto/sealed-archive-key.ts'
import { ClientFailure } from './api.ts'
import type { ClientContext, LocalWrite } from './context.ts'
import { textOf } from './encoding.ts'
import type { Http } from './http.ts'
import type { ArchiveKey, ArchiveKeys, Identity, KeyLog, SyncContent } from './parts.ts'
import { reportAs } from './quiet.ts'

/** A new epoch is begun after so long (PROTOCOL 4.12). */
export const ARCHIVE_KEY_LIFETIME_MS = 90 * 24 * 3_600_000

/** So many rows may be sealed under one key by one device (PROTOCOL 4.7). */
export const ARCHIVE_KEY_ROWS = 2 ** 20
/** The count of rows is written down so often; after a crash it is taken for so many more. */
const COUNT_STEP = 1_024

/** untold: the newest key was not yet sent to the own other devices. */
type StoredKeys = {
  keys: readonly ArchiveKey[]
  currentSince: number
  untold: boolean
  /** Own devices that were gone when the newest key was made: it is for those that were left. */
  endedDevices: number
  /** Rows sealed here under the newest key. */
  rows: number
}
/** A key that may or may not be at the home yet: the same bytes are offered again after a lost answer. */
type NextKey = ArchiveKey & { record: Uint8Array; backupHash: Uint8Array }
const ROW = 'archive-keys'
const NEXT_ROW = 'archive-key-next'

/** The row that keeps them on this device. */
export function archiveKeysWrite(keys: readonly ArchiveKey[], now: number, endedDevices: number): LocalWrite {
  const stored: StoredKeys = { keys, currentSince: now, untold: false, endedDevices, rows: 0 }
  return { table: 'device', key: ROW, value: stored }
}

/** Devices of this person that were removed or left. */
export function countEnded({ devices }: Pick<UserKeys, 'devices'>): number {
  return devices.filter((device) => device.status !== 'active').length
}

type Needs = {
  context: ClientContext
  http: Http
  identity: Identity
  keyLog: KeyLog
  /** The public half that the key log names now. ClientFailure unavailable while it is not known here. */
  backupPublicKey(): Uint8Array
  sendSync(content: SyncContent): Promise<void>
}

export type OwnArchiveKeys = ArchiveKeys & {
  /** A new epoch: sealed to the backup first, then told to the own devices. */
  rotate(): Promise<void>
  rotateIfDue(): Promise<void>
  /** A key that was put at the home with a new backup root: kept, and told to the own other devices. */
  adopt(key: ArchiveKey): Promise<void>
  /** Own devices made keys that never came here: they are asked. */
  askForMissing(): Promise<void>
  /** An own device began an epoch, or lacks some. */
  applySync(content: SyncContent): Promise<void>
  all(): readonly ArchiveKey[]
}

export async function openArchiveKeys(needs: Needs): Promise<OwnArchiveKeys> {
  const { context, http, identity } = needs
  const { store, platform } = context
  const stored = await store.get<StoredKeys>('device', ROW)
  if (stored === null || stored.keys.length === 0) throw new Error('a device without an archive key')
  let held: StoredKeys = { ...stored, endedDevices: stored.endedDevices ?? 0, rows: (stored.rows ?? 0) + COUNT_STEP }
  let turn: Promise<unknown> = Promise.resolve()
  let rotating: Promise<void> | null = null

  const current = () => held.keys.reduce((newest, key) => (key.epoch > newest.epoch ? key : newest))
  const get = (epoch: number) => held.keys.find((key) => key.epoch === epoch)?.key ?? null

  /** One change after the other: each sees what the one before left. */
  function keep(change: (held: StoredKeys) => StoredKeys, ...more: LocalWrite[]): Promise<void> {
    const run = turn.then(async () => {
      const next = change(held)
      await store.commit([{ table: 'device', key: ROW, value: next }, ...more])
      held = { ...next, rows: next.keys.length === held.keys.length ? Math.max(next.rows, held.rows) : next.rows }
    })
    turn = run.catch(() => undefined)
    return run
  }
  function withKey(state: StoredKeys, key: ArchiveKey, endedThen: number): StoredKeys {
    const keys = [...state.keys.filter((known) => known.epoch !== key.epoch), key]
    const isNewest = keys.every(({ epoch }) => epoch <= key.epoch)
    if (!isNewest) return { ...state, keys }
    return { ...state, keys, currentSince: platform.clock.now(), endedDevices: endedThen, rows: 0 }
  }
  const endedNow = () => {
    const own = findUser(needs.keyLog.state(), identity.userId)
    return own === null ? 0 : countEnded(own)
  }
  const forgetNext: LocalWrite = { table: 'device', key: NEXT_ROW, value: null }

  async function prepare(): Promise<NextKey> {
    const epoch = current().epoch + 1
    const prepared = await store.get<NextKey>('device', NEXT_ROW)
    const backupKey = needs.backupPublicKey()
    const backupHash = hashBackupKey(backupKey)
    if (prepared?.epoch === epoch && equal(prepared.backupHash ?? backupHash, backupHash)) return prepared
    const key = platform.random(32)
    const maker = { userId: identity.userId, deviceId: identity.rawDeviceId, dskSecret: identity.dsk.secretKey }
    const record = await sealArchiveKey(maker, backupKey, { epoch, key }, platform.random)
    const next: NextKey = { epoch, key, record, backupHash }
    await store.commit([{ table: 'device', key: NEXT_ROW, value: next }])
    return next
  }

  async function rotateOnce(): Promise<void> {
    const endedThen = endedNow()
    const { epoch, key, record } = await prepare()
    try {
      await http.putArchiveKey({ epoch, record: textOf(record) })
    } catch (error) {
      if (!(error instanceof ClientFailure && error.code === 'state_moved')) throw error
      // Another own device was faster; its key comes to this one as a sync packet.
      await store.commit([forgetNext])
      return askForMissing()
    }
    await keep((state) => ({ ...withKey(state, { epoch, key }, endedThen), untold: true }), forgetNext)
    await tell()
  }

  async function tell(): Promise<void> {
    const { epoch, key } = current()
    await needs.sendSync({ kind: 'archive_key', epoch, key, ended: held.endedDevices })
    await keep((state) => ({ ...state, untold: false }))
  }

  async function adopt(key: ArchiveKey): Promise<void> {
    await keep((state) => ({ ...withKey(state, key, endedNow()), untold: true }), forgetNext)
    await tell()
  }

  function askForMissing(): Promise<void> {
    return needs.sendSync({ kind: 'archive_keys_wanted', have: held.keys.map(({ epoch }) => epoch) })
  }

  async function answerWanted(have: unknown): Promise<void> {
    if (!Array.isArray(have)) return
    const missing = held.keys.filter(({ epoch }) => !have.includes(epoch))
    for (const { epoch, key } of missing) {
      const ended = epoch === current().epoch ? held.endedDevices : 0
      await needs.sendSync({ kind: 'archive_key', epoch, key, ended })
    }
  }

  function noteSealed(): void {
    held = { ...held, rows: held.rows + 1 }
    if (held.rows % COUNT_STEP !== 0) return
    keep((state) => state).catch((error: unknown) => console.error('the count of archive rows', error))
    if (held.rows >= ARCHIVE_KEY_ROWS) rotateIfDue().catch(reportAs('a new archive key has to wait'))
  }

  function rotate(): Promise<void> {
    rotating ??= rotateOnce().finally(() => {
      rotating = null
    })
    return rotating
  }

  async function applySync(content: SyncContent): Promise<void> {
    if (content['kind'] === 'archive_keys_wanted') return answerWanted(content['have'])
    const { epoch, key, ended } = content
    if (typeof epoch !== 'number' || !(key instanceof Uint8Array) || key.length !== 32 || get(epoch) !== null) return
    await keep((state) => withKey(state, { epoch, key }, typeof ended === 'number' ? ended : 0))
  }

  async function rotateIfDue(): Promise<void> {
    if (held.untold) await tell()
    const isInterrupted = (await store.get<NextKey>('device', NEXT_ROW)) !== null
    const isOld = platform.clock.now() - held.currentSince >= ARCHIVE_KEY_LIFETIME_MS
    const isWorn = held.rows >= ARCHIVE_KEY_ROWS
    const isForOneWhoIsGone = endedNow() > held.endedDevices
    if (isInterrupted || isOld || isWorn || isForOneWhoIsGone) await rotate()
  }
  // A device that is gone must not read what is archived from now on (PROTOCOL 4.7).
  needs.keyLog.onGrown(() => {
    const isHere = needs.keyLog.device(identity.accountId, identity.deviceId)?.status === 'active'
    if (isHere && endedNow() > held.endedDevices) rotateIfDue().catch(reportAs('a new archive key has to wait'))
  })
  return {
    ...{ current, get, all: () => held.keys, noteSealed },
    ...{ rotate, rotateIfDue, adopt, askForMissing, applySync },
  }
}

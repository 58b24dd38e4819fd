import type { ConversationEntryBody } from '../../src/crypto/conversation-log.ts'
import { signConversationEntry } from '../../src/crypto/conversation-log-signing.ts'
import type { ConversationState } from '../../src/crypto/conversation-log-validator.ts'
import { sha256 } from '../../src/crypto/hash.ts'
import { inviteMac } from '../../src/crypto/invite.ts'
import type { LogEntryBody, LogSigner } from '../../src/crypto/key-log.ts'
import { signDevicePossession, signLogEntry, signRootPossession } from '../../src/crypto/key-log-signing.ts'
import type { KeyLogState } from '../../src/crypto/key-log-validator.ts'
import { admitEntry, EMPTY_KEY_LOG, findUser } from '../../src/crypto/key-log-validator.ts'
import type { SigningSecretKey } from '../../src/crypto/key-types.ts'
import type { DhKeyPair, SigningKeyPair } from '../../src/crypto/keys.ts'
import { generateDhKeyPair, generateSigningKeyPair } from '../../src/crypto/keys.ts'
import { systemRandom } from '../../src/crypto/random.ts'

export interface TestDevice {
  deviceId: Uint8Array
  dsk: SigningKeyPair<'device'>
  dik: DhKeyPair<'device'>
}

export interface TestUser {
  userId: Uint8Array
  root: SigningKeyPair<'root'>
  devices: TestDevice[]
}

const zeros32 = new Uint8Array(32)

/** A family with genuine keys that writes a genuine key log, entry by entry. */
export class TestFamily {
  log: KeyLogState = EMPTY_KEY_LOG
  readonly entries: Uint8Array[] = []
  #time = 1_800_000_000_000

  /** Signs an entry of that user in the user's next place, without admitting it. */
  sign(user: TestUser, body: LogEntryBody, by: TestDevice | 'root' = 'root'): Uint8Array {
    const known = findUser(this.log, user.userId)
    const signer: LogSigner = by === 'root' ? { kind: 'root' } : { kind: 'device', deviceId: by.deviceId }
    const secretKey: SigningSecretKey = by === 'root' ? user.root.secretKey : by.dsk.secretKey
    return signLogEntry(secretKey as SigningKeyPair<'root'>['secretKey'], {
      userId: user.userId,
      useq: known === null ? 0 : known.useq + 1,
      prev: known?.head ?? zeros32,
      signer,
      time: this.#time++,
      body,
    })
  }

  admit(entry: Uint8Array): void {
    this.log = admitEntry(this.log, entry)
    this.entries.push(entry)
  }

  /** A new user with one device. */
  join(): TestUser {
    const user: TestUser = { userId: systemRandom(16), root: generateSigningKeyPair<'root'>(), devices: [] }
    this.admit(this.sign(user, { type: 'genesis', ...this.#identity(user) }))
    this.addDevice(user)
    return user
  }

  addDevice(user: TestUser, by: TestDevice | 'root' = 'root'): TestDevice {
    const device = newDevice()
    this.admit(this.sign(user, this.deviceAdd(user, device), by))
    user.devices.push(device)
    return device
  }

  deviceAdd(user: TestUser, device: TestDevice): LogEntryBody {
    const keys = { deviceId: device.deviceId, dsk: device.dsk.publicKey, dik: device.dik.publicKey }
    const prev = findUser(this.log, user.userId)!.head
    const possession = signDevicePossession(device.dsk.secretKey, { userId: user.userId, ...keys, prev })
    return { type: 'device-add', ...keys, caps: 0, possession }
  }

  revoke(user: TestUser, device: TestDevice): void {
    this.admit(this.sign(user, { type: 'device-revoke', deviceId: device.deviceId, reason: 2 }))
  }

  rotate(user: TestUser): void {
    const next = generateSigningKeyPair<'root'>()
    const root = { uik: next.publicKey, backupPkHash: systemRandom(32) }
    const prev = findUser(this.log, user.userId)!.head
    const possession = signRootPossession(next.secretKey, { userId: user.userId, ...root, prev })
    this.admit(this.sign(user, { type: 'root-rotate', ...root, possession }))
    user.root = next
  }

  /** The same userId under a new root, with one new device. */
  reset(user: TestUser): void {
    user.root = generateSigningKeyPair<'root'>()
    user.devices = []
    const prevAgain = findUser(this.log, user.userId)!.head
    this.admit(this.sign(user, { type: 'identity-reset', ...this.#identity(user), prevAgain }))
    this.addDevice(user)
  }

  #identity(user: TestUser) {
    const uik = user.root.publicKey
    const isFounder = this.log.size === 0
    return {
      uik,
      backupPkHash: systemRandom(32),
      inviteId: isFounder ? new Uint8Array(16) : systemRandom(16),
      inviteMac: isFounder ? zeros32 : inviteMac(systemRandom(32), user.userId, uik),
    }
  }
}

export function newDevice(): TestDevice {
  return { deviceId: systemRandom(16), dsk: generateSigningKeyPair<'device'>(), dik: generateDhKeyPair<'device'>() }
}

export function uikHashOf(user: TestUser): Uint8Array {
  return sha256(user.root.publicKey)
}

/** The next entry of a conversation, genuinely signed by the user's first device. */
export function signNext(
  family: TestFamily,
  place: { convId: Uint8Array; state: ConversationState | null; sthSize?: number },
  { user, body, device = user.devices[0]! }: { user: TestUser; body: ConversationEntryBody; device?: TestDevice },
): Uint8Array {
  return signConversationEntry(device.dsk.secretKey, {
    convId: place.convId,
    seq: place.state === null ? 0 : place.state.epoch + 1,
    prev: place.state?.head ?? zeros32,
    signerUser: user.userId,
    signerDevice: device.deviceId,
    sthSize: place.sthSize ?? family.log.size,
    body,
  })
}

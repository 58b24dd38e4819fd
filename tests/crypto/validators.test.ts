import { beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import type { ConversationEntryBody } from '../../src/crypto/conversation-log.ts'
import type { ConversationState } from '../../src/crypto/conversation-log-validator.ts'
import { adminsOf, admitConversationEntry, directoryOf } from '../../src/crypto/conversation-log-validator.ts'
import { DecryptionFailed } from '../../src/crypto/errors.ts'
import { restoreKeyLog, snapshotKeyLog } from '../../src/crypto/key-log-snapshot.ts'
import {
  activeDevices,
  activeDevicesAt,
  admitEntries,
  admitEntry,
  EMPTY_KEY_LOG,
  findActiveDevice,
  findUser,
  identityAt,
} from '../../src/crypto/key-log-validator.ts'
import { systemRandom } from '../../src/crypto/random.ts'
import { sodiumReady } from '../../src/crypto/sodium.ts'
import type { TestDevice, TestUser } from './family.ts'
import { newDevice, signNext, TestFamily, uikHashOf } from './family.ts'
import { hexOf } from './vectors/types.ts'

beforeAll(() => sodiumReady)

function reasonOf(attempt: () => unknown): string {
  try {
    attempt()
  } catch (error) {
    if (error instanceof DecryptionFailed) return error.reason
    throw error
  }
  throw new Error('was accepted')
}

describe('the key log', () => {
  test('comes to the same state one by one, all at once, and out of a snapshot', () => {
    const family = new TestFamily()
    const oma = family.join()
    const papa = family.join()
    family.addDevice(oma, oma.devices[0]!)
    family.revoke(oma, oma.devices[1]!)
    family.rotate(papa)
    family.reset(oma)
    expect(admitEntries(EMPTY_KEY_LOG, family.entries)).toEqual(family.log)
    const half = admitEntries(EMPTY_KEY_LOG, family.entries.slice(0, 5))
    const kept = restoreKeyLog(JSON.parse(JSON.stringify(snapshotKeyLog(half))))
    expect(kept).toEqual(half)
    expect(admitEntries(kept, family.entries.slice(5))).toEqual(family.log)
  })

  test('takes all entries of a batch or none', () => {
    const family = new TestFamily()
    family.join()
    family.join()
    const spoiled = family.entries.map((entry) => entry.slice())
    spoiled[3]![40]! ^= 1
    expect(() => admitEntries(EMPTY_KEY_LOG, spoiled)).toThrow(DecryptionFailed)
    expect(EMPTY_KEY_LOG.size).toBe(0)
    expect(EMPTY_KEY_LOG.users.size).toBe(0)
  })

  test('refuses every single flipped bit of every type of entry', () => {
    const family = new TestFamily()
    const oma = family.join()
    family.addDevice(oma, oma.devices[0]!)
    family.revoke(oma, oma.devices[1]!)
    family.rotate(oma)
    family.admit(
      family.sign(
        oma,
        { type: 'vouch', otherUserId: systemRandom(16), otherUikHash: systemRandom(32), how: 'qr' },
        oma.devices[0]!,
      ),
    )
    family.reset(oma)
    family.entries.forEach((entry, index) => {
      const before = admitEntries(EMPTY_KEY_LOG, family.entries.slice(0, index))
      expect(admitEntry(before, entry).size).toBe(index + 1)
      for (let at = 0; at < entry.length; at++) {
        const spoiled = entry.slice()
        spoiled[at]! ^= 1 << (at % 8)
        expect(() => admitEntry(before, spoiled), `entry ${index}, byte ${at}`).toThrow(DecryptionFailed)
      }
    })
  })

  test('knows who was active at each size of the past', () => {
    const family = new TestFamily()
    const oma = family.join()
    const first = oma.devices[0]!
    const atFirst = family.log.size
    const second = family.addDevice(oma, first)
    const atSecond = family.log.size
    family.revoke(oma, first)
    const atRevoked = family.log.size
    const ids = (size: number) => activeDevicesAt(family.log, oma.userId, size).map((device) => hexOf(device.deviceId))
    const [one, two] = [hexOf(first.deviceId), hexOf(second.deviceId)]
    expect(ids(atFirst - 1)).toEqual([])
    expect(ids(atFirst)).toEqual([one])
    expect(ids(atSecond)).toEqual([one, two])
    expect(ids(atRevoked)).toEqual([two])
    expect(() => ids(atRevoked + 1)).toThrow(DecryptionFailed)
    expect(findActiveDevice(family.log, oma.userId, first.deviceId)).toBeNull()
    expect(findActiveDevice(family.log, oma.userId, second.deviceId)).not.toBeNull()
    expect(activeDevices(family.log, systemRandom(16))).toEqual([])
  })

  test('a rotation keeps the identity, a reset begins another and ends every device', () => {
    const family = new TestFamily()
    const oma = family.join()
    const first = uikHashOf(oma)
    family.rotate(oma)
    const second = uikHashOf(oma)
    const beforeReset = family.log.size
    expect(identityAt(family.log, oma.userId)).toEqual([first, second])
    const old = oma.devices[0]!
    family.reset(oma)
    expect(identityAt(family.log, oma.userId)).toEqual([uikHashOf(oma)])
    expect(identityAt(family.log, oma.userId, beforeReset)).toEqual([first, second])
    expect(identityAt(family.log, oma.userId, 0)).toEqual([])
    const status = findUser(family.log, oma.userId)!.devices.map((device) => device.status)
    expect(status).toEqual(['ended', 'active'])
    const again = { ...newDevice(), deviceId: old.deviceId }
    const entry = family.sign(oma, family.deviceAdd(oma, again))
    expect(reasonOf(() => admitEntry(family.log, entry))).toBe('deviceId or DSK was used before')
  })

  test('keeps vouches with their means, and forgets them at a reset', () => {
    const family = new TestFamily()
    const oma = family.join()
    const papa = family.join()
    const vouch = { type: 'vouch', otherUserId: papa.userId, otherUikHash: uikHashOf(papa), how: 'invite' } as const
    family.admit(family.sign(oma, vouch, oma.devices[0]!))
    expect(findUser(family.log, oma.userId)!.vouches).toMatchObject([{ otherUserId: papa.userId, how: 'invite' }])
    family.reset(oma)
    expect(findUser(family.log, oma.userId)!.vouches).toEqual([])
  })
})

describe('a conversation on a real key log', () => {
  const convId = systemRandom(16)
  let family: TestFamily
  let [oma, papa, kid]: TestUser[] = []
  let state: ConversationState | null = null

  beforeEach(() => {
    family = new TestFamily()
    oma = family.join()
    papa = family.join()
    kid = family.join()
    state = null
    apply(oma, { type: 'create', kind: 'group', historyPolicy: 'share' })
    apply(oma, { type: 'add', userId: papa.userId, uikHash: uikHashOf(papa), role: 'member' })
    apply(oma, { type: 'add', userId: kid.userId, uikHash: uikHashOf(kid), role: 'member' })
  })

  function offer(user: TestUser, body: ConversationEntryBody, more: { sthSize?: number; device?: TestDevice } = {}) {
    const entry = signNext(family, { convId, state, ...more }, { user, body, device: more.device })
    return admitConversationEntry(state, { convId, entry, directory: directoryOf(family.log) })
  }

  function apply(user: TestUser, body: ConversationEntryBody): void {
    state = offer(user, body)
  }

  function admins(): string[] {
    return adminsOf(state!, directoryOf(family.log), family.log.size).map((member) => hexOf(member.userId))
  }

  const policy = { type: 'policy', historyPolicy: 'none' } as const

  test('an entry names a key log that reaches far enough', () => {
    expect(reasonOf(() => offer(oma!, policy, { sthSize: family.log.size + 1 }))).toBe('key log not fetched that far')
    expect(reasonOf(() => offer(oma!, policy, { sthSize: 1 }))).toContain('not an active device')
  })

  test('an entry of a device that was revoked later stays good, a new one of it does not', () => {
    const device = oma!.devices[0]!
    const sthSize = family.log.size
    family.addDevice(oma!)
    family.revoke(oma!, device)
    expect(offer(oma!, policy, { sthSize, device }).historyPolicy).toBe('none')
    expect(reasonOf(() => offer(oma!, policy, { device }))).toContain('not an active device')
  })

  test('when the last admin leaves, the member who was added first counts as one', () => {
    expect(reasonOf(() => offer(papa!, policy))).toBe('takes an admin')
    apply(oma!, { type: 'leave' })
    expect(admins()).toEqual([hexOf(papa!.userId)])
    expect(reasonOf(() => offer(kid!, policy))).toBe('takes an admin')
    apply(papa!, { type: 'role', userId: kid!.userId, role: 'admin' })
    expect(admins()).toEqual([hexOf(kid!.userId)])
    expect(reasonOf(() => offer(papa!, policy))).toBe('takes an admin')
  })

  test('when the last admin steps down, she counts as one herself: she was added first', () => {
    apply(oma!, { type: 'role', userId: oma!.userId, role: 'member' })
    expect(admins()).toEqual([hexOf(oma!.userId)])
    apply(oma!, policy)
  })

  test('when the account of the last admin is gone, the next member counts as one', () => {
    family.revoke(oma!, oma!.devices[0]!)
    expect(admins()).toEqual([hexOf(papa!.userId)])
    apply(papa!, policy)
  })

  test('a reset admin may do nothing until added again, so a server that makes one gains nothing', () => {
    apply(oma!, { type: 'role', userId: papa!.userId, role: 'admin' })
    family.reset(papa!)
    expect(reasonOf(() => offer(papa!, policy))).toBe('signer was reset and not added again')
    expect(reasonOf(() => offer(papa!, { type: 'leave' }))).toBe('signer was reset and not added again')
    apply(oma!, { type: 'add', userId: papa!.userId, uikHash: uikHashOf(papa!), role: 'admin' })
    apply(papa!, policy)
    expect(state!.members.map((member) => hexOf(member.userId))).toEqual(
      [oma!, kid!, papa!].map((user) => hexOf(user.userId)),
    )
  })

  test('the creator can be added again after a reset too', () => {
    apply(oma!, { type: 'role', userId: papa!.userId, role: 'admin' })
    const same = { type: 'add', userId: oma!.userId, uikHash: uikHashOf(oma!), role: 'member' } as const
    expect(reasonOf(() => offer(papa!, same))).toBe('already a member')
    family.reset(oma!)
    apply(papa!, { type: 'add', userId: oma!.userId, uikHash: uikHashOf(oma!), role: 'member' })
    expect(state!.members.at(-1)).toMatchObject({ userId: oma!.userId, role: 'member', addedSeq: 4 })
  })

  test('a rotated root stays the same member', () => {
    family.rotate(oma!)
    apply(oma!, policy)
  })

  test('refuses every single flipped bit of every type of entry', () => {
    const bodies: ConversationEntryBody[] = [
      { type: 'add', userId: systemRandom(16), uikHash: systemRandom(32), role: 'admin' },
      { type: 'remove', userId: kid!.userId },
      { type: 'role', userId: kid!.userId, role: 'admin' },
      { type: 'leave' },
      policy,
    ]
    for (const body of bodies) {
      const entry = signNext(family, { convId, state }, { user: oma!, body })
      for (let at = 0; at < entry.length; at++) {
        const spoiled = entry.slice()
        spoiled[at]! ^= 1 << (at % 8)
        const directory = directoryOf(family.log)
        expect(() => admitConversationEntry(state, { convId, entry: spoiled, directory })).toThrow(DecryptionFailed)
      }
    }
  })
})

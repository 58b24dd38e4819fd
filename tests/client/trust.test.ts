import { describe, expect, test } from 'bun:test'
import type { Contact } from '../../src/client/account-state.ts'
import { judgeTrust, wasReset } from '../../src/client/trust.ts'
import { toHex } from '../../src/crypto/bytes.ts'
import { sha256 } from '../../src/crypto/hash.ts'
import type { KeyLogState, UserKeys, Vouch } from '../../src/crypto/key-log-validator.ts'
import type { RootPublicKey } from '../../src/crypto/key-types.ts'
import { sodiumReady } from '../../src/crypto/sodium.ts'
import { type AccountId, idFromBytes } from '../../src/protocol/ids.ts'

await sodiumReady

const cast = ['Oma', 'Papa', 'Mama', 'Kid', 'Stranger'] as const
type Name = (typeof cast)[number]
const rawId = (name: Name) => new Uint8Array(16).fill(cast.indexOf(name) + 1)
const idOf = (name: Name) => idFromBytes<AccountId>(rawId(name))
const rootOf = (name: Name, life = 1) => new Uint8Array(32).fill(16 * life + cast.indexOf(name)) as RootPublicKey
const hashOf = (name: Name, life = 1) => sha256(rootOf(name, life))

function vouch(name: Name, how: Vouch['how'] = 'invite', life = 1): Vouch {
  return { otherUserId: rawId(name), otherUikHash: hashOf(name, life), how, deviceId: new Uint8Array(16), time: 0 }
}
/** A validated state as far as trust looks at it. `life` 2: the identity was reset once. */
function logOf(vouches: Partial<Record<Name, Vouch[]>>, lives: Partial<Record<Name, number>> = {}): KeyLogState {
  const users = cast.map((name): UserKeys => {
    const life = lives[name] ?? 1
    const roots = Array.from({ length: life }, (_, at) => ({
      ...{ uikHash: hashOf(name, at + 1), index: at, startsIdentity: true },
    }))
    const blank = new Uint8Array(32)
    return {
      ...{ userId: rawId(name), uik: rootOf(name, life), backupPkHash: blank, head: blank, useq: 0, createdAt: 0 },
      ...{ inviteId: new Uint8Array(16), inviteMac: blank, devices: [], vouches: vouches[name] ?? [], roots },
    }
  })
  return { size: users.length, users: new Map(users.map((user) => [toHex(user.userId), user])) }
}
function seenBy(name: Name, log: KeyLogState, contacts: Partial<Record<Name, Contact>> = {}, inviter?: Name) {
  const known = Object.fromEntries(Object.entries(contacts).map(([other, contact]) => [idOf(other as Name), contact]))
  const inviterPrefix = inviter ? hashOf(inviter).slice(0, 16) : null
  const trust = judgeTrust(log, { ownId: idOf(name), contacts: known, inviterPrefix })
  return Object.fromEntries(cast.map((other) => [other, trust.get(idOf(other)) ?? null]))
}

describe('trust', () => {
  test('reaches everybody along vouches, and nobody else', () => {
    const log = logOf({ Oma: [vouch('Papa')], Papa: [vouch('Oma'), vouch('Mama')], Mama: [vouch('Kid')] })
    expect(seenBy('Oma', log)).toEqual({
      ...{ Oma: 'self', Papa: 'invite', Mama: 'vouched', Kid: 'vouched', Stranger: null },
    })
    expect(seenBy('Kid', log, {}, 'Mama')).toEqual({
      ...{ Oma: null, Papa: null, Mama: 'invite', Kid: 'self', Stranger: null },
    })
  })

  test('does not follow the vouches of somebody who is not trusted', () => {
    const log = logOf({ Stranger: [vouch('Kid'), vouch('Oma')] })
    expect(seenBy('Papa', log).Kid).toBeNull()
  })

  test('does not survive an identity that began anew', () => {
    const log = logOf({ Oma: [vouch('Papa')] }, { Papa: 2 })
    const contacts = { Papa: { how: 'numbers' as const, uikHash: hashOf('Papa') } }
    expect(seenBy('Oma', log, contacts).Papa).toBeNull()
    expect(wasReset(log.users.get(toHex(rawId('Papa')))!)).toBe(true)
    const again = logOf({ Oma: [vouch('Papa', 'invite', 2)] }, { Papa: 2 })
    expect(seenBy('Oma', again).Papa).toBe('invite')
  })

  test('by compared numbers outweighs other reasons', () => {
    const contacts = { Papa: { how: 'numbers' as const, uikHash: hashOf('Papa') } }
    expect(seenBy('Oma', logOf({ Oma: [vouch('Papa')] }), contacts).Papa).toBe('numbers')
    expect(seenBy('Oma', logOf({ Oma: [vouch('Papa', 'numbers')] })).Papa).toBe('numbers')
  })
})

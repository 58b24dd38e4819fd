import type { AlarmView } from '../../src/client/api.ts'
import { sha256 } from '../../src/crypto/hash.ts'
import { signDevicePossession, signLogEntry } from '../../src/crypto/key-log-signing.ts'
import { findUser } from '../../src/crypto/key-log-validator.ts'
import { generateDhKeyPair, generateSigningKeyPair } from '../../src/crypto/keys.ts'
import { systemRandom } from '../../src/crypto/random.ts'
import { leafHash, rootOf } from '../../src/crypto/tree.ts'
import type { LogPage } from '../../src/protocol/devices.ts'
import type { ConversationId } from '../../src/protocol/ids.ts'
import {
  type AccountId,
  type DeviceId,
  fromBase64Url,
  idFromBytes,
  idToBytes,
  toBase64Url,
} from '../../src/protocol/ids.ts'
import { type LogKey, loadLogKey } from '../../src/server/log-key.ts'
import type { Member } from '../support/member.ts'
import { RealHome } from '../support/real-home.ts'
import { shown } from '../support/talk.ts'
import type { Between } from './between.ts'

/** Whoever runs the home: has its disk, its log key and its wires, and wants to read along. */
export class Operator implements AsyncDisposable {
  private constructor(
    readonly home: RealHome,
    private readonly logKey: LogKey,
  ) {}

  static async open(): Promise<Operator> {
    const home = await RealHome.open()
    return new Operator(home, await loadLogKey(home.context.database, 0))
  }

  async entries(): Promise<Uint8Array[]> {
    return (await this.home.context.keyLog.readPage(0)).entries.map((entry) => fromBase64Url(entry)!)
  }

  /** A head over these entries under the home's real log key. */
  head(entries: readonly Uint8Array[], time = Date.now() + 1_000): Uint8Array {
    return this.logKey.signHead({ size: entries.length, root: rootOf(entries.map(leafHash)), time })
  }
  /** Any claim at all, signed. */
  claim(size: number, root: Uint8Array): Uint8Array {
    return this.logKey.signHead({ size, root, time: Date.now() + 1_000 })
  }
  page(entries: readonly Uint8Array[], from: number, time?: number): LogPage {
    return { entries: entries.slice(from).map(toBase64Url), treeHead: toBase64Url(this.head(entries, time)) }
  }

  /** A device of `victim` for which only `signer` (by default somebody unknown) signs. */
  ghostDevice(victim: Member) {
    const user = findUser(this.home.context.keyLog.state, idToBytes(victim.accountId))!
    const dsk = generateSigningKeyPair<'device'>()
    const dik = generateDhKeyPair<'device'>()
    const deviceId = systemRandom(16)
    const keys = { deviceId, dsk: dsk.publicKey, dik: dik.publicKey }
    const possession = signDevicePossession(dsk.secretKey, { userId: user.userId, ...keys, prev: user.head })
    const entry = signLogEntry(generateSigningKeyPair<'root'>().secretKey, {
      ...{ userId: user.userId, useq: user.useq + 1, prev: user.head, signer: { kind: 'root' }, time: Date.now() },
      body: { type: 'device-add', ...keys, caps: 0, possession },
    })
    return { entry, dsk, dik, deviceId: idFromBytes<DeviceId>(deviceId) }
  }

  /** A whole person the operator made up: genesis and device are signed as they must be, nobody vouched. */
  ghostPerson() {
    const uik = generateSigningKeyPair<'root'>()
    const dsk = generateSigningKeyPair<'device'>()
    const dik = generateDhKeyPair<'device'>()
    const [userId, deviceId] = [systemRandom(16), systemRandom(16)]
    const genesis = signLogEntry(uik.secretKey, {
      ...{ userId, useq: 0, prev: new Uint8Array(32), signer: { kind: 'root' as const }, time: Date.now() },
      body: {
        ...{ type: 'genesis' as const, uik: uik.publicKey, backupPkHash: sha256(new Uint8Array(1)) },
        ...{ inviteId: systemRandom(16), inviteMac: systemRandom(32) },
      },
    })
    const prev = sha256(genesis)
    const keys = { deviceId, dsk: dsk.publicKey, dik: dik.publicKey }
    const possession = signDevicePossession(dsk.secretKey, { userId, ...keys, prev })
    const deviceAdd = signLogEntry(uik.secretKey, {
      ...{ userId, useq: 1, prev, signer: { kind: 'root' as const }, time: Date.now() },
      body: { type: 'device-add' as const, ...keys, caps: 0, possession },
    })
    return {
      ...{ userId, rawDeviceId: deviceId, uik, dsk, dik, entries: [genesis, deviceAdd] },
      accountId: idFromBytes<AccountId>(userId),
      deviceId: idFromBytes<DeviceId>(deviceId),
    }
  }

  /** Brings these devices a body that nobody posted, numbered as the next of its conversation. */
  async deliver(to: readonly Between[], conversationId: ConversationId, body: Uint8Array): Promise<void> {
    const sql = 'SELECT last_seq AS last FROM conversations WHERE conversation_id = ?'
    const row = await this.home.context.database.get<{ last: number }>(sql, conversationId)
    const frame = { type: 'message' as const, conversationId, seq: row!.last + 1, receivedAt: Date.now(), body }
    for (const between of to) between.inject(frame)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.home[Symbol.asyncDispose]()
  }
}

export function alarmOf(member: Member): AlarmView | null {
  const phase = member.view.phase?.phase
  return phase?.name === 'alarm' ? phase.alarm : null
}

export function rings(member: Member, kind?: AlarmView['kind']): Promise<AlarmView> {
  return member.until(`the alarm ${kind ?? ''}`, (self) => {
    const alarm = alarmOf(self)
    return alarm !== null && (kind === undefined || alarm.kind === kind) ? alarm : null
  })
}

/** Every text this device ever showed as somebody's words in a conversation, whatever became of it later. */
export function everShown(member: Member, id: ConversationId): string[] {
  const texts: string[] = []
  for (const event of member.events) {
    if (event.type !== 'messages' || event.conversationId !== id) continue
    for (const item of event.items) if (item.kind === 'text' && !texts.includes(item.text)) texts.push(item.text)
  }
  return texts
}

/** What the newest state of a line says instead of words. */
export function placeholders(member: Member, id: ConversationId): string[] {
  return [...shown(member, id).values()]
    .filter(({ kind }) => kind !== 'text' && kind !== 'notice')
    .map(({ kind, reason }) => `${kind}:${reason}`)
}

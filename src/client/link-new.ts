import { hashBackupKey } from '../crypto/backup-root.ts'
import { equal } from '../crypto/bytes.ts'
import { DecryptionFailed, insist } from '../crypto/errors.ts'
import { sha256 } from '../crypto/hash.ts'
import { signDevicePossession } from '../crypto/key-log-signing.ts'
import { findActiveDevice, findUser } from '../crypto/key-log-validator.ts'
import type { DeviceDhPublicKey, DevicePublicKey } from '../crypto/key-types.ts'
import { encodeLinkDevice, type LinkAccountMessage, type LinkCode } from '../crypto/linking.ts'
import { type AccountId, idFromBytes, idToBytes } from '../protocol/ids.ts'
import { ClientFailure } from './api.ts'
import type { ClientContext } from './context.ts'
import { bytesOf } from './encoding.ts'
import type { Http } from './http.ts'
import { type StoredIdentity, toIdentity } from './identity.ts'
import { EMPTY_COPY, growCopy, LogConflict, type LogCopy, readHead } from './key-log-copy.ts'
import type { LinkTalk } from './link-desk.ts'
import { decodeHandover, type LinkHandover } from './link-handover.ts'
import { asTampered, LinkLine } from './link-line.ts'
import type { LinkRelay } from './link-relay.ts'
import { signInWithDeviceKey } from './login.ts'
import { becomeDevice, type MadeDevice, makeDevice } from './new-device.ts'

type Outside = { context: ClientContext; http: Http }
const MAX_PAGES = 1_000

/** Makes this browser a device of whoever links it (PROTOCOL 4.8, the new device). `code`: what was scanned, or null to show one. */
export async function linkAsNew(
  outside: Outside,
  relay: LinkRelay,
  code: LinkCode | null,
  talk: LinkTalk,
): Promise<void> {
  const { context } = outside
  const { platform } = context
  const line =
    code === null
      ? await LinkLine.show(relay, { role: 1, random: platform.random }, (text) =>
          talk.tell({ stage: 'showing', code: text }),
        )
      : await LinkLine.scan(relay, code, platform.random)
  const { device, accountId, handover } = await beAdded(outside, line, talk)
  talk.tell({ stage: 'finishing' })
  const identity: StoredIdentity = {
    ...{ accountId, deviceId: device.deviceId, signInName: handover.signInName, dsk: device.dsk, dik: device.dik },
    ...{ logPublicKey: handover.logPublicKey, uikHash: sha256(handover.uik), inviterPrefix: null },
    backupPublicKey: handover.backupPublicKey,
  }
  await seeOneself(outside, identity, handover)
  talk.assertWanted()
  const { archiveKeys, endedDevices, state } = handover
  const seed = { identity, archiveKeys, endedDevices, state, prekeyWrites: device.prekeys.writes }
  await becomeDevice(context.store, { ...seed, kitCheck: null, vault: null }, platform.clock.now())
  // Without them nobody can write to this device yet; a lost answer is made good by the first upkeep.
  await outside.http.putPrekeys(device.prekeys.upload).catch((error: unknown) => {
    if (!(error instanceof ClientFailure)) throw error
  })
}

type Added = { device: MadeDevice; accountId: AccountId; handover: LinkHandover }

/** Answers the old device until it hands over. For each new place in the log the keys are proved anew. */
async function beAdded({ context }: Outside, line: LinkLine, talk: LinkTalk): Promise<Added> {
  const first = await line.receive()
  if (first.kind !== 'account') throw new ClientFailure('link_tampered', 0, 'not an account message')
  const accountId = idFromBytes<AccountId>(first.userId)
  const device = makeDevice(context.platform, accountId)
  await line.send(deviceMessage(device, first))
  talk.tell({ stage: 'comparing', code: null, digits: line.digits })
  for (;;) {
    const message = await line.receive()
    if (message.kind === 'account' && equal(message.userId, first.userId)) {
      await line.send(deviceMessage(device, message))
    } else if (message.kind === 'handover') {
      const content = await asTampered(() => decodeHandover(message.content))
      if (content.kind === 'account') return { device, accountId, handover: content }
      talk.tell({ personName: content.personName })
    } else throw new ClientFailure('link_tampered', 0, 'an unexpected message')
  }
}

function deviceMessage(device: MadeDevice, { userId, prev }: LinkAccountMessage): Uint8Array {
  const keys = {
    deviceId: idToBytes(device.deviceId),
    dsk: device.dsk.publicKey as DevicePublicKey,
    dik: device.dik.publicKey as DeviceDhPublicKey,
  }
  const possession = signDevicePossession(device.dsk.secretKey, { userId, ...keys, prev })
  return encodeLinkDevice({ ...keys, caps: 0, possession })
}

/** Signs in by the new key and reads the whole log under the pinned key: this device must stand in it, beside the old one's view. */
async function seeOneself({ context, http }: Outside, stored: StoredIdentity, handover: LinkHandover): Promise<void> {
  const identity = toIdentity(stored)
  await signInWithDeviceKey(context.platform, http, identity)
  try {
    const copy = await fetchLog(http, handover)
    const user = findUser(copy.state, identity.userId)
    insist(user !== null && equal(user.uik, handover.uik), 'the log names another root')
    insist(equal(hashBackupKey(handover.backupPublicKey), user.backupPkHash), 'the log names another backup key')
    insist(copy.tree.size >= handover.head.size, 'the log is shorter than the old device saw it')
    insist(equal(copy.tree.rootAt(handover.head.size), handover.head.root), 'another log than the old device saw')
    const own = findActiveDevice(copy.state, identity.userId, identity.rawDeviceId)
    insist(own !== null && equal(own.dsk, identity.dsk.publicKey), 'this device is not in the log')
  } catch (error) {
    if (error instanceof DecryptionFailed) throw new ClientFailure('untrusted_server', 0, error.reason)
    if (error instanceof LogConflict) throw new ClientFailure('untrusted_server', 0, error.detail)
    throw error
  }
}

async function fetchLog(http: Http, { logPublicKey }: LinkHandover): Promise<LogCopy> {
  const entries: Uint8Array[] = []
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const page = await http.log(entries.length)
    entries.push(...page.entries.map((entry) => bytesOf(entry)))
    const treeHead = bytesOf(page.treeHead, 144)
    const head = readHead(logPublicKey, treeHead)
    if (entries.length >= head.size || page.entries.length === 0) {
      return growCopy(EMPTY_COPY, entries.slice(0, head.size), head, treeHead)
    }
  }
  throw new LogConflict('fork', 'the log does not end')
}

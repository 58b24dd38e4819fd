import { equal } from '../crypto/bytes.ts'
import type { LogEntryBody } from '../crypto/key-log.ts'
import { signLogEntry } from '../crypto/key-log-signing.ts'
import { findUser } from '../crypto/key-log-validator.ts'
import type { LogPublicKey } from '../crypto/key-types.ts'
import {
  encodeLinkAccount,
  encodeLinkDevice,
  encodeLinkHandover,
  type LinkCode,
  type LinkDeviceMessage,
} from '../crypto/linking.ts'
import { type DeviceId, idFromBytes } from '../protocol/ids.ts'
import { limits } from '../protocol/limits.ts'
import type { AccountStateStore } from './account-state.ts'
import { ClientFailure } from './api.ts'
import { countEnded, type OwnArchiveKeys } from './archive-keys.ts'
import type { ClientContext } from './context.ts'
import { bytesOf, textOf } from './encoding.ts'
import type { Http } from './http.ts'
import type { LinkTalk } from './link-desk.ts'
import { encodeHandover } from './link-handover.ts'
import { LinkLine } from './link-line.ts'
import type { LinkRelay } from './link-relay.ts'
import type { HomePart, Identity, KeyLog } from './parts.ts'
import { reportAs } from './quiet.ts'

const MAX_TRIES = 5
const FINISH_PATIENCE_MS = 60_000

export type LinkOldNeeds = {
  context: ClientContext
  http: Http
  identity: Identity
  signInName: string
  keyLog: KeyLog
  logPublicKey: Uint8Array
  backupPublicKey(): Uint8Array
  archiveKeys: OwnArchiveKeys
  accountState: AccountStateStore
  home: HomePart
  /** What is to be history on the new device must be at the home. */
  flushArchive(): Promise<void>
}

/** Adds another browser to this person's devices (PROTOCOL 4.8, the old device). `code`: what was scanned, or null to show one. */
export async function linkOther(
  needs: LinkOldNeeds,
  relay: LinkRelay,
  code: LinkCode | null,
  talk: LinkTalk,
): Promise<void> {
  const { context, keyLog, home, accountState } = needs
  const { random } = context.platform
  await keyLog.refresh()
  const line =
    code === null
      ? await LinkLine.show(relay, { role: 2, random }, (text) => talk.tell({ stage: 'showing', code: text }))
      : await LinkLine.scan(relay, code, random)
  const personName = accountState.get().profile.name
  await line.send(accountMessage(needs))
  await line.send(encodeLinkHandover(encodeHandover({ kind: 'hello', personName, homeName: home.state().name })))
  const first = await receiveDevice(line)
  talk.tell({ stage: 'comparing', code: null, digits: line.digits, personName })
  const deviceName = (await relay.whileThere(talk.confirmed())).trim().slice(0, limits.maxPersonNameLength)
  talk.assertWanted()
  talk.tell({ stage: 'adding' })
  await addDevice(needs, line, first)
  // It is a device from here on; a name can be given later.
  const deviceId = idFromBytes<DeviceId>(first.deviceId)
  await nameDevice(needs, deviceId, deviceName).catch(reportAs('a linked device has no name yet'))
  talk.tell({ stage: 'finishing' })
  await needs.flushArchive()
  await line.send(encodeLinkHandover(handover(needs)))
  await relay.untilDone(FINISH_PATIENCE_MS)
}

function ownKeys({ keyLog, identity }: LinkOldNeeds) {
  const own = findUser(keyLog.state(), identity.userId)
  if (own === null) throw new ClientFailure('untrusted_server', 0, 'the log does not know this account')
  return own
}

function accountMessage(needs: LinkOldNeeds): Uint8Array {
  return encodeLinkAccount({ userId: needs.identity.userId, prev: ownKeys(needs).head })
}

async function receiveDevice(line: LinkLine): Promise<LinkDeviceMessage> {
  const message = await line.receive()
  if (message.kind !== 'device') throw new ClientFailure('link_tampered', 0, 'not a device message')
  return message
}

/** Signs and appends. When the log moved on, the new device proves itself once more for the new place. */
async function addDevice(needs: LinkOldNeeds, line: LinkLine, first: LinkDeviceMessage): Promise<void> {
  const { http, keyLog } = needs
  for (let tries = 1, device = first; ; tries++) {
    const entry = signAddition(needs, device)
    try {
      const { index, treeHead } = await http.appendLog(textOf(entry))
      await keyLog.applyGrown(index, [entry], bytesOf(treeHead, 144))
      return
    } catch (error) {
      if (!(error instanceof ClientFailure) || !isWorthAnother(error) || tries === MAX_TRIES) throw error
      await keyLog.refresh()
      await line.send(accountMessage(needs))
      device = await receiveDevice(line)
      const isSame = equal(encodeLinkDevice({ ...device, possession: first.possession }), encodeLinkDevice(first))
      if (!isSame) throw new ClientFailure('link_tampered', 0, 'another device')
    }
  }
}

/** log_moved as told; bad_entry is what the home says when the proof is for a place that is taken by now. */
function isWorthAnother({ code }: ClientFailure): boolean {
  return code === 'log_moved' || code === 'bad_entry'
}

function signAddition(needs: LinkOldNeeds, device: LinkDeviceMessage): Uint8Array {
  const { identity, context } = needs
  const own = ownKeys(needs)
  const { deviceId, dsk, dik, possession } = device
  const body: LogEntryBody = { type: 'device-add', deviceId, dsk, dik, caps: 0, possession }
  return signLogEntry(identity.dsk.secretKey, {
    ...{ userId: identity.userId, useq: own.useq + 1, prev: own.head, body },
    signer: { kind: 'device', deviceId: identity.rawDeviceId },
    time: context.platform.clock.now(),
  })
}

async function nameDevice({ accountState }: LinkOldNeeds, deviceId: DeviceId, name: string): Promise<void> {
  await accountState.update((state) => ({ ...state, deviceNames: { ...state.deviceNames, [deviceId]: name } }))
}

function handover(needs: LinkOldNeeds): Uint8Array {
  const { keyLog, archiveKeys, accountState, signInName, logPublicKey } = needs
  const own = ownKeys(needs)
  return encodeHandover({
    kind: 'account',
    signInName,
    uik: own.uik,
    logPublicKey: logPublicKey as LogPublicKey,
    head: keyLog.head(),
    backupPublicKey: needs.backupPublicKey(),
    archiveKeys: archiveKeys.all().map(({ epoch, key }) => ({ epoch, key })),
    endedDevices: countEnded(own),
    state: { version: accountState.version(), state: accountState.get() },
  })
}

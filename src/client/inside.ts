import { equal } from '../crypto/bytes.ts'
import { identityAt } from '../crypto/key-log-validator.ts'
import type { LogPublicKey } from '../crypto/key-types.ts'
import { limits } from '../protocol/limits.ts'
import { createAccountHealing } from './account-healing.ts'
import { openAccountStateStore } from './account-state.ts'
import { Admission } from './admission.ts'
import type { AlarmBell } from './alarm.ts'
import { type ClientApi, type ClientEvent, ClientFailure, type Me } from './api.ts'
import { openArchiveKeys } from './archive-keys.ts'
import { withClosableStore } from './closable-store.ts'
import type { ClientContext } from './context.ts'
import { createDevices } from './devices.ts'
import { createEngine } from './engine.ts'
import { Family } from './family.ts'
import { openHome } from './home.ts'
import type { Http, HttpCaller } from './http.ts'
import { type StoredIdentity, toIdentity } from './identity.ts'
import { createInvites } from './invites.ts'
import { type KeyLogNeeds, openKeyLog } from './key-log.ts'
import { createLogin, type RemovedReason } from './login.ts'
import type { AccountParts, Engine } from './parts.ts'
import { openPeople } from './people.ts'
import { createPrekeys } from './prekeys.ts'

/** What only a signed-in device can be asked. */
export const insideCommands = [
  ...['confirmKit', 'setProfile', 'listDevices', 'renameDevice', 'signOutDevice', 'dismissRestored'],
  ...['renameHome', 'createInvite', 'listInvites', 'revokeInvite', 'safetyNumber'],
  ...[
    'openDirect',
    'createGroup',
    'renameGroup',
    'setGroupPhoto',
    'addMembers',
    'removeMember',
    'setAdmin',
    'leaveGroup',
  ],
  ...['openThread', 'loadOlder', 'loadNewer', 'sendText', 'retryMessage', 'discardMessage', 'markRead'],
] as const satisfies (keyof ClientApi)[]
/** Told, not asked: nothing comes back, and outside nothing happens. */
export const toldCommands = ['setActive', 'reconnect', 'setTyping'] as const satisfies (keyof ClientApi)[]
export type InsideCommands = Pick<ClientApi, (typeof insideCommands)[number] | (typeof toldCommands)[number]>

/** A signed-in device: all parts, opened from local rows, not yet connected. */
export type Inside = {
  readonly commands: InsideCommands
  start(): void
  stop(): Promise<void>
  /** A new device's first contact, before anybody is told that it is one. */
  settle(): Promise<void>
  /** Ends this device at the home. */
  leave(): Promise<void>
  onConversations(event: Extract<ClientEvent, { type: 'conversations' }>): void
}

export type InsideNeeds = {
  context: ClientContext
  http: Http
  caller: HttpCaller
  stored: StoredIdentity
  bell: AlarmBell
  onRemoved(reason: RemovedReason): void
}

export async function openInside(needs: InsideNeeds): Promise<Inside> {
  const { http, caller, stored, bell, onRemoved } = needs
  const { context, close } = withClosableStore(needs.context)
  const identity = toIdentity(stored)
  const { logPublicKey, inviterPrefix } = stored
  const { clock } = context.platform
  const raiseAlarm: KeyLogNeeds['raiseAlarm'] = (alarm, evidence) => bell.raise(alarm, evidence)

  const home = await openHome({ context, http, logPublicKey, raiseAlarm, onRole: () => emitMe() })
  const keyLog = await openKeyLog({
    ...{ context, http, raiseAlarm, logPublicKey: logPublicKey as LogPublicKey },
    isAlarmed: () => bell.isRaised(),
    hasNewIncarnation: () => home.hasNewIncarnation(),
    wasRestored: () => home.wasRestored(),
  })
  const login = createLogin({ context, http, caller, identity, onRemoved })
  const archiveKeys = await openArchiveKeys({
    ...{ context, http, identity, backupPublicKey: stored.backupPublicKey },
    sendSync: (content) => engine.sendSync(content),
  })
  const accountState = await openAccountStateStore({ context, http, userId: identity.userId, archiveKeys })
  const people = await openPeople({ context, http, identity, inviterPrefix, keyLog, accountState })
  const prekeys = createPrekeys({ context, http, identity, keyLog })

  const parts: AccountParts = {
    ...{ identity, http, login, keyLog, archiveKeys, prekeys, people, home },
    raiseAlarm: (alarm) => bell.raise(alarm, []),
    onChanged: (what) => {
      if (what === 'home') attempt(home.refresh())
      if (what === 'accounts') attempt(Promise.all([people.refresh(), home.refresh()]).then(() => admission.run()))
    },
    async applySync(_from, content) {
      if (content['kind'] === 'archive_key') await archiveKeys.applySync(content)
      if (content['kind'] === 'archive_key' || content['kind'] === 'account_state') attempt(accountState.refresh())
    },
    healAccount: createAccountHealing({
      ...{ context, http, identity, archiveKeys, accountState, backupPublicKey: stored.backupPublicKey },
    }),
    onCaughtUp: () => attempt(catchUp()),
  }
  const engine: Engine = createEngine(context, parts)
  const admission = new Admission({
    context,
    http,
    identity,
    inviterPrefix,
    keyLog,
    accountState,
    people,
    home,
    engine,
  })
  const family = new Family({ context, identity, keyLog, accountState, home, engine })
  const devices = createDevices({ context, http, identity, keyLog, accountState })
  const invites = createInvites({ context, http, identity, logPublicKey, keyLog, accountState, home })

  keyLog.onGrown((from) => {
    if (!isOwnLog()) return
    const isHere = keyLog.device(identity.accountId, identity.deviceId)?.status === 'active'
    if (!isHere && from > 0) return onRemoved('device_removed')
    attempt(people.refresh().then(() => admission.run()))
  })
  watchOwnDevices()
  accountState.onChanged(() => emitMe())

  /** The log must begin with what this device knows from elsewhere: its own root, and whoever the invite link named. */
  function isOwnLog(): boolean {
    const isMe = identityAt(keyLog.state(), identity.userId).some((hash) => equal(hash, stored.uikHash))
    const roots = [...keyLog.state().users.values()].flatMap((user) => user.roots)
    const isInviter = ({ uikHash }: { uikHash: Uint8Array }) => equal(uikHash.subarray(0, 16), inviterPrefix!)
    const hasInviter = inviterPrefix === null || roots.some(isInviter)
    if (isMe && hasInviter) return true
    const detail = isMe ? 'the log does not hold the inviter' : 'the log does not hold this person'
    bell.raise({ kind: 'bad_entry', personId: null, deviceId: null, detail }, [])
    return false
  }

  /** What failed for want of a network comes again at the next welcome; anything else is a fault worth a line. */
  function attempt(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      if (!(error instanceof ClientFailure)) console.error('upkeep failed', error)
    })
  }

  async function catchUp(): Promise<void> {
    await Promise.all([home.refresh(), people.refresh(), accountState.refresh()])
    await pinLogForOwnDevices()
    if (accountState.get().signedOutDevices[identity.deviceId] !== undefined) return endAsAsked()
    await family.ensure()
    family.shareLater()
    await admission.run()
    await prekeys.upkeep()
    await archiveKeys.rotateIfDue()
  }

  async function endAsAsked(): Promise<void> {
    onRemoved('signed_out')
    await devices.leave()
  }

  /** A device that is gone must not read what is archived from now on (PROTOCOL 4.7). */
  function watchOwnDevices(): void {
    const active = () => new Set(keyLog.activeDevices(identity.accountId).map((device) => device.deviceId))
    let known = active()
    keyLog.onGrown(() => {
      const now = active()
      const isOneGone = [...known].some((deviceId) => !now.has(deviceId))
      if (isOneGone && now.has(identity.deviceId)) attempt(archiveKeys.rotate())
      known = now
    })
  }

  function me(): Me {
    const { profile, isKitConfirmed } = accountState.get()
    const { accountId, deviceId, signInName } = stored
    return {
      accountId,
      deviceId,
      signInName,
      name: profile.name,
      photo: profile.photo,
      role: home.role(),
      isKitConfirmed,
    }
  }
  function emitMe(): void {
    context.emit({ type: 'me', me: me() })
  }

  async function setProfile(name: string, photo: Uint8Array | null): Promise<void> {
    const isFair = name.trim() !== '' && name.length <= limits.maxPersonNameLength
    if (!isFair) throw new ClientFailure('bad_request', 0, 'name')
    if ((photo?.length ?? 0) > limits.maxPhotoBytes) throw new ClientFailure('too_large', 0, 'photo')
    const profile = { name, photo, changedAt: clock.now() }
    await accountState.update((state) => ({ ...state, profile }))
    await family.share()
    attempt(engine.sendSync({ kind: 'account_state' }))
  }

  async function confirmKit(lastGroup: string): Promise<boolean> {
    if (accountState.get().isKitConfirmed) return true
    const check = await context.store.get<string>('device', 'kit')
    const typed = lastGroup.replace(/[\s-]/g, '').toUpperCase()
    if (check === null || typed !== check) return false
    await accountState.update((state) => ({ ...state, isKitConfirmed: true }))
    await context.store.commit([{ table: 'device', key: 'kit', value: null }])
    return true
  }

  async function settle(): Promise<void> {
    await login.ensure()
    await keyLog.refresh()
    await Promise.all([home.refresh(), people.refresh()])
    await pinLogForOwnDevices()
    await family.ensure()
  }

  async function pinLogForOwnDevices(): Promise<void> {
    if (accountState.get().logPublicKey.length > 0) return
    await accountState.update((state) => ({ ...state, logPublicKey }))
  }

  const { leave, ...deviceCommands } = devices
  const commands: InsideCommands = {
    ...engine.commands,
    ...deviceCommands,
    ...invites,
    setProfile,
    confirmKit,
    renameHome: (name) => home.rename(name),
    dismissRestored: () => home.dismissRestored(),
  }
  await engine.open()
  emitMe()
  home.replay()
  people.replay()
  return {
    commands,
    settle,
    leave,
    start: () => engine.start(),
    async stop() {
      family.stop()
      admission.stop()
      await engine.stop()
      await close()
      await bell.settled()
    },
    onConversations: ({ conversations }) => {
      family.onConversations(conversations)
      attempt(admission.run())
    },
  }
}

import { hashBackupKey } from '../crypto/backup-root.ts'
import { equal } from '../crypto/bytes.ts'
import { findUser, identityAt } from '../crypto/key-log-validator.ts'
import type { LogPublicKey } from '../crypto/key-types.ts'
import type { LinkCode } from '../crypto/linking.ts'
import { limits } from '../protocol/limits.ts'
import { applyVaultSync, createAccountHealing } from './account-healing.ts'
import { openAccountStateStore } from './account-state.ts'
import { Admission } from './admission.ts'
import type { AlarmBell } from './alarm.ts'
import { type ClientEvent, ClientFailure, type Me } from './api.ts'
import { openArchiveKeys } from './archive-keys.ts'
import { withClosableStore } from './closable-store.ts'
import type { ClientContext } from './context.ts'
import { createDevices } from './devices.ts'
import { createEngine } from './engine.ts'
import { Family } from './family.ts'
import { openHome } from './home.ts'
import type { Http, HttpCaller } from './http.ts'
import { type StoredIdentity, toIdentity } from './identity.ts'
import type { InsideCommands } from './inside-commands.ts'
import { createInvites } from './invites.ts'
import { type KeyLogNeeds, openKeyLog } from './key-log.ts'
import { createKitKeeper } from './kit.ts'
import { reasonOfEnd } from './leaving.ts'
import type { LinkTalk } from './link-desk.ts'
import { linkOther } from './link-old.ts'
import type { LinkRelay } from './link-relay.ts'
import { createLogin, type RemovedReason } from './login.ts'
import { createOwnData } from './own-data.ts'
import type { AccountParts, Engine } from './parts.ts'
import { openPeople } from './people.ts'
import { createPrekeys } from './prekeys.ts'
import { createRecoveryCare } from './recovery-care.ts'
import { createResetAcceptance } from './resets.ts'
import { createRootAccess } from './root-access.ts'
import { Upkeep } from './upkeep.ts'
import { createVerification } from './verification.ts'

/** A signed-in device: all parts, opened from local rows, not yet connected. */
export type Inside = {
  readonly commands: InsideCommands
  start(): void
  stop(): Promise<void>
  /** A new device's first contact, before anybody is told that it is one. */
  settle(): Promise<void>
  /** Ends this device at the home. */
  leave(): Promise<void>
  /** Ends the account at the home. */
  leaveHome(signInName: string, secret: string): Promise<void>
  /** Adds another browser to this person's devices. */
  linkOther(relay: LinkRelay, code: LinkCode | null, talk: LinkTalk): Promise<void>
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
    ...{ context, http, identity, keyLog, backupPublicKey },
    sendSync: (content) => engine.sendSync(content),
  })
  const accountState = await openAccountStateStore({
    ...{ context, http, userId: identity.userId, archiveKeys },
    onMissingKey: () => attempt(archiveKeys.askForMissing()),
  })
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
      const isOfKeys = content['kind'] === 'archive_key' || content['kind'] === 'archive_keys_wanted'
      if (isOfKeys) await archiveKeys.applySync(content)
      if (content['kind'] === 'vault') await applyVaultSync(context.store, content)
      if (content['kind'] === 'archive_key' || content['kind'] === 'account_state') attempt(accountState.refresh())
    },
    healAccount: createAccountHealing({
      ...{ context, http, identity, archiveKeys, accountState, backupPublicKey },
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
  const kit = createKitKeeper({ context, accountState })
  const { signInName } = stored
  const withRoot = createRootAccess({ context, http, identity, signInName, keyLog })
  const care = createRecoveryCare({
    ...{ context, http, identity, signInName, keyLog, archiveKeys, accountState, withRoot },
    sendSync: (content) => engine.sendSync(content),
  })
  const ownData = createOwnData({ context, caller, identity, keyLog, people, home, engine, accountState, withRoot, me })
  const upkeep = new Upkeep(clock, () => attempt(lookAfter()))
  const acceptReset = createResetAcceptance({ keyLog, accountState }, () => attempt(admission.run()))
  const { verify, ...verification } = createVerification({
    ...{ context, http, identity, keyLog, accountState },
    onVerified: () => attempt(Promise.all([engine.sendSync({ kind: 'account_state' }), admission.run()])),
  })
  const invites = createInvites({ context, http, identity, logPublicKey, keyLog, accountState, home })

  keyLog.onGrown((from) => {
    const status = keyLog.device(identity.accountId, identity.deviceId)?.status
    // Begun anew by an invite: this device belongs to who the person was before.
    if (status === 'ended') return onRemoved('began_anew')
    if (!isOwnLog()) return
    if (status !== 'active' && from > 0) return attempt(reasonOfEnd(keyLog, identity, from).then(onRemoved))
    attempt(people.refresh().then(() => admission.run()))
  })
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
    emitMe()
    upkeep.restart()
  }

  async function lookAfter(): Promise<void> {
    await Promise.all([prekeys.upkeep(), archiveKeys.rotateIfDue(), engine.upkeep()])
    emitMe()
  }

  async function endAsAsked(): Promise<void> {
    onRemoved('signed_out')
    await devices.leave()
  }

  /** Of the keys known here, the one whose hash the key log names. */
  function backupPublicKey(): Uint8Array {
    const own = findUser(keyLog.state(), identity.userId)
    const known = [accountState.get().backupPublicKey, stored.backupPublicKey]
    const isNamed = (key: Uint8Array) => own === null || equal(hashBackupKey(key), own.backupPkHash)
    const named = known.find((key) => key !== undefined && isNamed(key))
    if (named === undefined) throw new ClientFailure('unavailable', 0, 'the new backup key has not come yet')
    return named
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
      isKitDue: kit.isDue(),
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
    ...care,
    ...ownData.commands,
    ...verification,
    acceptReset: (accountId, how) => (how === 'numbers' ? verify(accountId, 'numbers') : acceptReset(accountId, how)),
    confirmKit: (lastGroup) => kit.confirm(lastGroup),
    dismissKitReminder: () => kit.dismiss(),
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
    leaveHome: ownData.leaveHome,
    linkOther: (relay, code, talk) =>
      linkOther(
        {
          ...{ context, http, identity, signInName: stored.signInName, keyLog, logPublicKey, backupPublicKey },
          ...{ archiveKeys, accountState, home },
          flushArchive: () => engine.flushArchive(),
        },
        relay,
        code,
        talk,
      ),
    start: () => engine.start(),
    async stop() {
      upkeep.stop()
      family.stop()
      ownData.departures.stop()
      admission.stop()
      await engine.stop()
      await close()
      await bell.settled()
    },
    onConversations: ({ conversations }) => {
      family.onConversations(conversations)
      ownData.departures.runLater()
      attempt(admission.run())
    },
  }
}

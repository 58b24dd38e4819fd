import type {
  AccountView,
  Challenge,
  FormerAccount,
  FormerLook,
  HomeChange,
  HomeView,
  RecoveryMaterial,
  RecoveryStart,
  RootReplace,
  SealedArchiveKey,
  SealedState,
  SessionAnswer,
  SessionView,
  SignIn,
  SignUp,
  SignUpAnswer,
  SlotReplace,
} from '../protocol/accounts.ts'
import type { ConversationView, EntryAppended, EntryPage, GroupUpload } from '../protocol/conversations.ts'
import type {
  AddDevice,
  DeviceAdded,
  LogAppended,
  LogPage,
  PrekeyBundle,
  PrekeyCounts,
  PrekeyUpload,
} from '../protocol/devices.ts'
import { isRefusalCode } from '../protocol/errors.ts'
import type { HealAccount, HealBodies, HealConversation, HealedBodies, HealedLog, HealLog } from '../protocol/heal.ts'
import type { AccountId, AttachmentId, ConversationId, DeviceId, InviteId, MessageId } from '../protocol/ids.ts'
import type { InviteCard, InviteUpload, InviteView } from '../protocol/invites.ts'
import {
  type AddressView,
  type CheckResult,
  claimTokenHeader,
  type RestoreOpen,
  type RestoreSummary,
  type SetupView,
} from '../protocol/setup.ts'
import { ClientFailure } from './api.ts'
import type { HttpInit, Platform } from './platform.ts'

type RecoveryKind = 'passphrase' | 'code'

/** Signs in again; resolves true when the request is worth repeating. Set by login.ts. */
export type Renew = () => Promise<boolean>

/** Carries one request and turns every outcome but success into a ClientFailure. */
export class HttpCaller {
  renew: Renew | null = null
  constructor(private readonly platform: Platform) {}

  /** For calls of a signed-in device: a 401 is answered by signing in again once. */
  async call<Answer>(method: HttpInit['method'], path: string, json?: unknown): Promise<Answer> {
    try {
      return await this.open<Answer>(method, path, json)
    } catch (error) {
      const isExpired =
        error instanceof ClientFailure && (error.code === 'not_signed_in' || error.code === 'device_removed')
      if (!isExpired || this.renew === null || !(await this.renew())) throw error
      return this.open<Answer>(method, path, json)
    }
  }

  /** A sealed file to the home or from it; signed in as for {@link call}. */
  async carry(path: string, bytes: Uint8Array | null): Promise<Uint8Array> {
    const init: HttpInit = bytes === null ? { method: 'GET' } : { method: 'PUT', bytes }
    const send = () =>
      this.platform.request(path, init).catch((cause: unknown) => {
        throw new ClientFailure('offline', 0, cause instanceof Error ? cause.message : '')
      })
    let answer = await send()
    if (answer.status === 401 && this.renew !== null && (await this.renew())) answer = await send()
    if (answer.status < 200 || answer.status >= 300) throw toFailure(answer.status, answer.json)
    return answer.bytes ?? new Uint8Array(0)
  }

  /** For calls that nobody needs to be signed in for. */
  async open<Answer>(
    method: HttpInit['method'],
    path: string,
    json?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer> {
    const init: HttpInit = { method, ...(json === undefined ? {} : { json }), ...(headers ? { headers } : {}) }
    const answer = await this.platform.request(path, init).catch((cause: unknown) => {
      throw new ClientFailure('offline', 0, cause instanceof Error ? cause.message : '')
    })
    if (answer.status >= 200 && answer.status < 300) return answer.json as Answer
    throw toFailure(answer.status, answer.json)
  }
}

/** What a refused request says, as a face takes it. A proxy's own error pages count as the home being away. */
export function toFailure(status: number, json: unknown): ClientFailure {
  const body = (typeof json === 'object' && json !== null ? json : {}) as Record<string, unknown>
  const retryAfterMs = typeof body['retryAfterMs'] === 'number' ? body['retryAfterMs'] : 0
  const detail = typeof body['detail'] === 'string' ? body['detail'] : ''
  if (typeof body['error'] === 'string' && isRefusalCode(body['error'])) {
    return new ClientFailure(body['error'], retryAfterMs, detail)
  }
  return new ClientFailure(status >= 502 && status <= 504 ? 'offline' : 'internal', retryAfterMs, `status ${status}`)
}

/** Every route, typed (src/protocol). Rejects with ClientFailure only. */
export function createHttp(caller: HttpCaller) {
  const { call, open } = { call: caller.call.bind(caller), open: caller.open.bind(caller) } as Pick<
    HttpCaller,
    'call' | 'open'
  >
  const claim = (token: string) => ({ [claimTokenHeader]: token })
  return {
    setup: () => open<SetupView>('GET', '/api/setup'),
    setupCheck: (token: string) => open<CheckResult[]>('POST', '/api/setup/check', {}, claim(token)),
    addresses: (token: string | null) =>
      token === null
        ? call<AddressView[]>('GET', '/api/setup/addresses')
        : open<AddressView[]>('GET', '/api/setup/addresses', undefined, claim(token)),
    restoreOpen: (token: string, body: RestoreOpen) =>
      open<RestoreSummary>('POST', '/api/setup/restore/open', body, claim(token)),
    restoreApply: (token: string, body: RestoreOpen) =>
      open<void>('POST', '/api/setup/restore/apply', body, claim(token)),

    signUp: (body: SignUp) => open<SignUpAnswer>('POST', '/api/accounts', body),
    challenge: () => open<Challenge>('POST', '/api/sessions/challenge', {}),
    signIn: (body: SignIn) => open<SessionAnswer>('POST', '/api/sessions', body),
    refreshSession: () => open<SessionAnswer>('POST', '/api/sessions/refresh', {}),
    recoveryStart: (signInName: string, kind: RecoveryKind) =>
      open<RecoveryStart>('POST', '/api/recovery/start', { signInName, kind }),
    recoveryOpen: (signInName: string, kind: RecoveryKind, auth: string) =>
      open<RecoveryMaterial>('POST', '/api/recovery/open', { signInName, kind, auth }),
    addDevice: (body: AddDevice) => open<DeviceAdded>('POST', '/api/devices', body),
    formerAccount: (body: FormerLook) => open<FormerAccount>('POST', '/api/accounts/former', body),
    lookAtInvite: (inviteId: InviteId, inviteAuth: string) =>
      open<InviteCard>('POST', '/api/invites/look', { inviteId, inviteAuth }),

    home: () => call<HomeView>('GET', '/api/home'),
    changeHome: (body: HomeChange) => call<HomeView>('PATCH', '/api/home', body),
    accounts: () => call<AccountView[]>('GET', '/api/accounts'),
    sessions: () => call<SessionView[]>('GET', '/api/sessions'),
    signOut: () => call<void>('DELETE', '/api/sessions/current'),
    signOutDevice: (deviceId: DeviceId) => call<void>('DELETE', `/api/sessions/${deviceId}`),
    putSlot: (body: SlotReplace) => call<void>('PUT', '/api/slots', body),
    replaceRoot: (body: RootReplace) => call<LogAppended>('POST', '/api/recovery/root', body),
    accountState: () => call<SealedState>('GET', '/api/account-state'),
    putAccountState: (body: SealedState) => call<void>('PUT', '/api/account-state', body),
    archiveKeys: () => call<SealedArchiveKey[]>('GET', '/api/archive-keys'),
    putArchiveKey: (body: SealedArchiveKey) => call<void>('PUT', '/api/archive-keys', body),

    invites: () => call<InviteView[]>('GET', '/api/invites'),
    createInvite: (body: InviteUpload) => call<InviteView>('POST', '/api/invites', body),
    revokeInvite: (inviteId: InviteId) => call<void>('DELETE', `/api/invites/${inviteId}`),

    prekeyCounts: () => call<PrekeyCounts>('GET', '/api/prekeys'),
    putPrekeys: (body: PrekeyUpload) => call<void>('PUT', '/api/prekeys', body),
    claimPrekeys: (deviceIds: readonly DeviceId[]) => call<PrekeyBundle[]>('POST', '/api/prekeys/claim', { deviceIds }),
    log: (from: number) => call<LogPage>('GET', `/api/log?from=${from}`),
    appendLog: (entry: string) => call<LogAppended>('POST', '/api/log', { entry }),

    conversations: () => call<ConversationView[]>('GET', '/api/conversations'),
    createGroup: (body: GroupUpload) => call<ConversationView>('POST', '/api/conversations', body),
    openDirect: (accountId: AccountId) => call<ConversationView>('POST', '/api/conversations/direct', { accountId }),
    entries: (conversationId: ConversationId, from: number) =>
      call<EntryPage>('GET', `/api/conversations/${conversationId}/entries?from=${from}`),
    appendEntry: (conversationId: ConversationId, entry: string) =>
      call<EntryAppended>('POST', `/api/conversations/${conversationId}/entries`, { entry }),

    putFile: (fileId: AttachmentId, conversationId: ConversationId, file: Uint8Array) =>
      caller.carry(`/api/files/${fileId}?conversation=${conversationId}&kind=bundle`, file),
    getFile: (fileId: AttachmentId) => caller.carry(`/api/files/${fileId}`, null),

    healLog: (body: HealLog) => call<HealedLog>('POST', '/api/heal/log', body),
    healConversation: (body: HealConversation) => call<EntryAppended>('POST', '/api/heal/conversations', body),
    healMissing: (conversationId: ConversationId, messageIds: MessageId[]) =>
      call<{ missing: MessageId[] }>('POST', '/api/heal/missing', { conversationId, messageIds }),
    healBodies: (body: HealBodies) => call<HealedBodies>('POST', '/api/heal/bodies', body),
    healAccount: (body: HealAccount) => call<void>('POST', '/api/heal/account', body),
    finishHealing: () => call<void>('POST', '/api/heal/finish', {}),
  }
}
export type Http = ReturnType<typeof createHttp>

import {
  type Client,
  type ClientApi,
  type ClientEvent,
  ClientFailure,
  type InviteEntry,
} from '../../../../src/client/api.ts'
import type { InviteId } from '../../../../src/protocol/ids.ts'
import type { AddressView, CheckResult, RestoreSummary } from '../../../../src/protocol/setup.ts'
import { now } from './cast.ts'

/** Answers what a device asks before it is inside, by the screen that is wanted. Nothing of it is part of the product. */
const day = 86_400_000
const gigabyte = 1e9

const checks: CheckResult[] = [
  { name: 'folder_writable', status: 'ok' },
  { name: 'free_space', status: 'ok', value: 212 * gigabyte },
  { name: 'local_disk', status: 'ok' },
  { name: 'clock', status: 'ok' },
  { name: 'memory', status: 'ok', value: 3.1 * gigabyte },
  { name: 'port', status: 'ok' },
]
const poorChecks: CheckResult[] = [
  { name: 'folder_writable', status: 'ok' },
  { name: 'free_space', status: 'failed', value: 0.2 * gigabyte },
  { name: 'local_disk', status: 'warning' },
  { name: 'clock', status: 'ok' },
  { name: 'memory', status: 'ok', value: 3.1 * gigabyte },
  { name: 'port', status: 'warning' },
]
const addresses = (wasSeen: boolean): AddressView[] => [
  { url: 'https://192.168.1.20:8443', kind: 'private', isTrusted: false, wasSeen },
  { url: 'https://localhost:8443', kind: 'loopback', isTrusted: true, wasSeen: false },
]
const summary: RestoreSummary = {
  homeName: 'The Lindqvists',
  createdAt: now - day,
  version: '0.1.0',
  verdict: 'same',
  accountCount: 7,
  messageCount: 48_213,
  blobBytes: 9.4 * gigabyte,
  databaseBytes: 0.31 * gigabyte,
}
const link = (seed: string) => `https://192.168.1.20:8443/i#${seed.repeat(7).slice(0, 107)}`
function invite(id: string, inviteeName: string, state: InviteEntry['state'] = 'usable'): InviteEntry {
  const isUsable = state === 'usable'
  return {
    inviteId: id as InviteId,
    inviteeName,
    role: 'member',
    uses: 1,
    usesLeft: isUsable ? 1 : 0,
    expiresAt: now + 7 * day,
    state,
    link: isUsable ? link(`${id}7Qd2mXv9RtLw4Zb`) : null,
    usedBy: [],
    forAccount: null,
  }
}

export function createWelcomeClient(variant: string): Client & { emit(event: ClientEvent): void } {
  const listeners = new Set<(event: ClientEvent) => void>()
  const emit = (event: ClientEvent) => {
    for (const listener of listeners) listener(event)
  }
  const wait = () => new Promise<never>(() => undefined)
  const isStuck = variant === 'keys'
  const commands: Partial<ClientApi> = {
    setupCheck: async () => (variant === 'poor' ? poorChecks : checks),
    addresses: async (token) => {
      if (variant === 'wrong-token' && token) throw new ClientFailure('bad_claim_token')
      return addresses(variant === 'seen')
    },
    proposePassphrase: async () => 'amber kettle orchard violin meadow plum',
    estimatePassphrase: async (text) => ({
      score: Math.min(4, Math.floor(text.length / 6)) as 0 | 1 | 2 | 3 | 4,
      bits: text.length * 3,
    }),
    proposeSignInName: async (name) => name.toLowerCase().trim().replaceAll(' ', '-'),
    foundHome: async () =>
      isStuck ? wait() : { recoveryCode: 'K7QD2MXV9RTLW4ZBK7QD2MXV9RTLW4ZBK7QD2MXV9RTLW4ZBABCDPLUM' },
    confirmKit: async (group) => group.toUpperCase() === 'PLUM',
    lookAtInvite: async () => {
      if (variant === 'offline') throw new ClientFailure('offline')
      if (['used', 'expired', 'revoked', 'mangled', 'unknown'].includes(variant)) return { state: variant as 'used' }
      return {
        state: 'usable',
        homeName: 'The Lindqvists',
        inviterName: 'Anna',
        inviteeName: 'Grandpa Joe',
        role: 'member',
        expiresAt: now + 6 * day,
        forSignInName: null,
      }
    },
    joinHome: async () => ({ recoveryCode: 'K7QD2MXV9RTLW4ZBK7QD2MXV9RTLW4ZBK7QD2MXV9RTLW4ZBABCDPLUM' }),
    signIn: async () => {
      if (variant === 'later') throw new ClientFailure('too_many_tries', 42 * 60_000)
      if (variant === 'sign-in-busy') return wait()
      throw new ClientFailure('wrong_key')
    },
    restoreOpen: async (_token, _upload, key) => {
      if (key === 'wrong') throw new ClientFailure('wrong_backup_key')
      return summary
    },
    restoreApply: async () => undefined,
    createInvite: async ({ inviteeName }) => invite(`new-${inviteeName}`, inviteeName),
    listInvites: async () => (variant === 'invited' ? [invite('i1', 'Grandpa Joe'), invite('i2', 'Noor', 'used')] : []),
  }
  const quiet = async () => undefined
  const own = {
    emit,
    subscribe: (listener: (event: ClientEvent) => void) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  const all: Record<string, unknown> = { ...commands, ...own }
  return new Proxy(all, { get: (of, name: string) => of[name] ?? quiet }) as unknown as ReturnType<
    typeof createWelcomeClient
  >
}

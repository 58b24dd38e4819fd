import type { AuditEntry } from '../protocol/audit.ts'
import type { AccountId } from '../protocol/ids.ts'

/** Taking one's own with one, going, and what a host may do about people; part of ClientApi. */
export type OwnDataApi = {
  /** Begins an archive of everything this person can read: a ZIP, made on this device. One at a time: the former one ends. */
  startExport(words: ExportWords): Promise<void>
  /** The next piece, made when it is asked for: the face sets the pace and holds no more than it wants. Its bytes follow those before. */
  nextExportPart(): Promise<ExportPart>
  cancelExport(): Promise<void>

  /**
   * Leaves this home for good: all groups, then the account. `signInName` is typed once more, `secret` is passphrase or code. Ends in the
   * phase `removed` with reason `left` and nothing of it on this device.
   */
  leaveHome(signInName: string, secret: string): Promise<void>
  /** Hosts only: closes somebody's account at once. */
  removePerson(accountId: AccountId): Promise<void>
  /** Hosts only: makes somebody host, or a member again. */
  setRole(accountId: AccountId, role: 'member' | 'host'): Promise<void>
  /** Hosts only: what happened at this home, newest first; `before`: the last entry of the page before, or null. */
  listAudit(before: number | null): Promise<{ entries: AuditView[]; hasMore: boolean }>
}

export const ownDataCommands = [
  ...['startExport', 'nextExportPart', 'cancelExport'],
  ...['removePerson', 'setRole', 'listAudit'],
] as const satisfies (keyof OwnDataApi)[]

/** `inviteeName`: for whom the invite was, where this person made it. */
export type AuditView = AuditEntry & { inviteeName: string | null }

export type ExportPart = {
  bytes: Uint8Array
  /** fetching: older messages come from the home. writing: the archive is made. `done` of `total` messages. */
  stage: 'fetching' | 'writing'
  done: number
  total: number
  isLast: boolean
}

export type PluralWords = { [Form in Intl.LDMLPluralRule]?: string } & { other: string }

/** The words of the archive, in the language of who takes it; {name} stands for what the sentence is about. */
export type ExportWords = {
  /** BCP 47, as in `lang`. */
  language: string
  direction: 'ltr' | 'rtl'
  /** IANA name; the times in the pages are given in it. */
  timeZone: string
  title: string
  /** {home} {date} */
  intro: string
  conversations: string
  people: string
  you: string
  someone: string
  group: string
  notes: string
  host: string
  leftHome: string
  /** {count} by plural form. */
  messages: PluralWords
  /** {page} */
  page: string
  previous: string
  next: string
  back: string
  empty: string
  unsent: string
  waiting: string
  unreadable: string
  /** {count} by plural form: those that were left out. */
  disappearing: PluralWords
  /** {actor} {subject} {name} {time} by kind of notice. */
  notices: {
    created: string
    added: string
    removed: string
    made_admin: string
    made_member: string
    left: string
    renamed: string
    photo_changed: string
    timer_changed: string
    timer_off: string
    history_shared: string
    history_none: string
    restored: string
  }
}

import type { AuditView } from '../src/client/own-data-api.ts'
import { nameOf } from './faces.ts'
import { $appWords } from './words/app.ts'
import { $auditWords } from './words/own-data.ts'
import { dateAndTime } from './words/time.ts'

/** A line of what happened in plain words, with the names that this device knows. */
export function auditSentence(line: AuditView): string {
  const words = $auditWords.get()
  const { accountId, byAccountId, inviteeName, role, reason, backupAt } = line
  const someone = $appWords.get().someone
  const who = accountId ? nameOf(accountId) : someone
  const by = byAccountId ? nameOf(byAccountId) : who
  switch (line.event) {
    case 'account_opened':
      return byAccountId ? words.account_opened({ who, by }) : words.account_founded({ who })
    case 'account_removed':
      return words.account_removed({ who, by })
    case 'role_changed':
      if (role === 'host') return byAccountId ? words.made_host({ who, by }) : words.made_host_there({ who })
      return byAccountId ? words.made_member({ who, by }) : words.made_member_own({ who })
    case 'invite_made':
      if (accountId) return words.invite_made_anew({ who, by })
      return inviteeName ? words.invite_made({ by, name: inviteeName }) : words.invite_made_any({ by })
    case 'invite_revoked':
      return inviteeName ? words.invite_revoked({ by, name: inviteeName }) : words.invite_revoked_any({ by })
    case 'device_revoked':
      return deviceEnd(reason)({ who })
    case 'restored':
      return words.restored({ date: backupAt ? dateAndTime(backupAt) : '–' })
    case 'healing_ended':
      return words.healing_ended({ by })
    default:
      return words[line.event]({ who })
  }
}

function deviceEnd(reason: number | null) {
  const { device_signed_out, device_left, device_removed } = $auditWords.get()
  if (reason === 1) return device_signed_out
  return reason === 4 ? device_left : device_removed
}

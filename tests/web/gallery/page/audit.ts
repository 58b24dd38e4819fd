import type { AuditView } from '../../../../src/client/own-data-api.ts'
import type { DeviceId, InviteId } from '../../../../src/protocol/ids.ts'
import { account, now } from './cast.ts'

const hour = 3_600_000
let lastId = 100
type Facts = Partial<Omit<AuditView, 'event' | 'at' | 'auditId'>>
const line = (hoursAgo: number, event: AuditView['event'], facts: Facts = {}): AuditView => ({
  ...{ auditId: lastId--, at: now - hoursAgo * hour, event, accountId: null, byAccountId: null, deviceId: null },
  ...{ inviteId: null, role: null, reason: null, backupAt: null, inviteeName: null },
  ...facts,
})
const [sofia, anna, noor, gustav] = [account('sofia'), account('anna'), account('noor'), account('gustav')]
const device = { deviceId: 'phone' as DeviceId }
const invite = { inviteId: 'i1' as InviteId }

/** What happened at the demo family's home. */
export const auditLines: AuditView[] = [
  line(1, 'invite_made', { byAccountId: sofia, inviteeName: 'Emil', role: 'member', ...invite }),
  line(2, 'device_added', { accountId: anna, ...device }),
  line(3, 'device_revoked', { accountId: anna, reason: 3, ...device }),
  line(26, 'role_changed', { accountId: anna, byAccountId: sofia, role: 'host' }),
  line(28, 'role_changed', { accountId: noor, role: 'host' }),
  line(30, 'healing_ended', { byAccountId: sofia }),
  line(31, 'restored', { backupAt: now - 40 * hour }),
  line(216, 'account_left', { accountId: gustav }),
  line(216, 'device_revoked', { accountId: gustav, reason: 4, ...device }),
  line(600, 'account_opened', { accountId: noor, byAccountId: sofia, ...invite }),
  line(600, 'invite_used', { accountId: noor, ...invite }),
  line(2000, 'account_opened', { accountId: sofia }),
]

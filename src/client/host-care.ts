import type { AuditPage } from '../protocol/audit.ts'
import type { AccountStateStore } from './account-state.ts'
import { type ClientApi, ClientFailure } from './api.ts'
import type { Departures } from './departures.ts'
import type { OwnHome } from './home.ts'
import type { HttpCaller } from './http.ts'
import type { Engine } from './parts.ts'
import type { OwnPeople } from './people.ts'

type Needs = {
  caller: HttpCaller
  people: OwnPeople
  home: OwnHome
  engine: Engine
  accountState: AccountStateStore
  departures: Departures
}

/** What a host may do about people, and what they may know of the home. */
export function createHostCare(needs: Needs): Pick<ClientApi, 'removePerson' | 'setRole' | 'listAudit'> {
  const { caller, people, home, engine, accountState, departures } = needs
  return {
    async removePerson(accountId) {
      await caller.call<void>('DELETE', `/api/accounts/${accountId}`)
      await people.refresh()
      // Their access ended; the groups follow, here and on the other admins' devices, now or when they can.
      await departures.run().catch(ignoreFailure)
    },
    async setRole(accountId, role) {
      await caller.call<void>('PATCH', `/api/accounts/${accountId}`, { role })
      await people.refresh()
      await home.refresh()
      const family = home.state().familyConversationId
      const isAdmin = family !== null && engine.membership(family)?.isAdmin === true
      // Hosts look after the family conversation as well.
      if (isAdmin) await engine.commands.setAdmin(family, accountId, role === 'host').catch(ignoreFailure)
    },
    async listAudit(before) {
      const query = before === null ? '' : `?before=${before}`
      const { entries, hasMore } = await caller.call<AuditPage>('GET', `/api/audit${query}`)
      const { invites } = accountState.get()
      const nameOf = (inviteId: AuditPage['entries'][number]['inviteId']) =>
        (inviteId && invites[inviteId]?.inviteeName) || null
      return { entries: entries.map((entry) => ({ ...entry, inviteeName: nameOf(entry.inviteId) })), hasMore }
    },
  }
}

function ignoreFailure(error: unknown): void {
  if (!(error instanceof ClientFailure)) throw error
}

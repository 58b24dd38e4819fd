import { serverFrames } from '../../../protocol/socket.ts'
import { writeAudit } from '../../audit.ts'
import type { Context } from '../../context.ts'
import { errorFields } from '../../log.ts'
import type { Database } from '../../storage/database.ts'
import * as store from './store.ts'

/** How soon a running home notices what a command did to its database. */
export const lookEveryMs = 2_000

export type MachineHost = 'made' | 'unfounded' | 'unknown' | 'already'

/**
 * Whoever can run commands on the machine is the host anyway: they may make any member one, so that a home whose only host lost
 * every key is not without one for good. It gives no keys. The line in the audit names nobody as the doer.
 */
export function makeHostFromMachine(
  database: Database,
  { signInName, now }: { signInName: string; now: number },
): Promise<MachineHost> {
  return database.transaction(async (tx) => {
    if (!(await store.hasAccounts(tx))) return 'unfounded'
    const account = await store.findPresentByName(tx, signInName)
    if (!account) return 'unknown'
    const { accountId, role } = account
    if (role === 'host') return 'already'
    await store.setRole(tx, accountId, 'host')
    await writeAudit(tx, { at: now, event: 'role_changed', accountId, role: 'host' })
    return 'made'
  })
}

/**
 * A command is a process of its own, so the running home has to look. The role itself is read from the table at each request; here
 * those who are connected are told that there is something new.
 */
export function watchMachineHosts({ database, clock, hub, log }: Context): Disposable {
  const begun = store.findLastAuditId(database).catch(() => 0)
  let seen: number | null = null
  let isOver = false
  let timer = clock.after(lookEveryMs, lookOnce)

  async function look(): Promise<void> {
    const after = seen ?? (await begun)
    const upTo = await store.findLastAuditId(database)
    if (upTo > after && (await store.hasUnsignedRoleChange(database, { after, upTo })))
      hub.broadcast(serverFrames.encode({ type: 'changed', what: 'accounts' }))
    seen = upTo
  }
  function lookOnce(): void {
    look()
      .catch((error: unknown) => log.error('machine_hosts_unseen', errorFields(error)))
      .finally(() => {
        if (!isOver) timer = clock.after(lookEveryMs, lookOnce)
      })
  }

  return {
    [Symbol.dispose]() {
      isOver = true
      timer[Symbol.dispose]()
    },
  }
}

import { findUser } from '../crypto/key-log-validator.ts'
import { wipe } from '../crypto/sodium.ts'
import { ClientFailure } from './api.ts'
import type { ClientContext } from './context.ts'
import type { Http } from './http.ts'
import type { Identity, KeyLog } from './parts.ts'
import { asUntrusted, fetchMaterial, readSecret, type UnlockedRoot, unlockRoot } from './recovery.ts'

type Needs = { context: ClientContext; http: Http; identity: Identity; signInName: string; keyLog: KeyLog }
/** `ticket` lets what the root is used for through at the home. */
export type Unlocked = UnlockedRoot & { ticket: string; wrappedRootSeed: string }
export type WithRoot = <Answer>(secret: string, work: (root: Unlocked) => Promise<Answer>) => Promise<Answer>

/** The root of a signed-in person, opened by passphrase or kit for one piece of work and wiped behind it (PROTOCOL 4.8). */
export function createRootAccess({ context, http, identity, signInName, keyLog }: Needs): WithRoot {
  async function unlock(secretText: string): Promise<Unlocked> {
    const secret = readSecret(secretText)
    await keyLog.refresh()
    const opened = await fetchMaterial({ context, http }, signInName, secret).catch(asUntrusted)
    const user = findUser(keyLog.state(), identity.userId)
    const isOwn = opened.material.accountId === identity.accountId
    if (user === null || !isOwn) throw new ClientFailure('untrusted_server', 0, 'another account')
    const root = await unlockRoot(opened, user).catch(asUntrusted)
    return { ...root, ticket: opened.material.ticket, wrappedRootSeed: opened.material.wrappedRootSeed }
  }

  return async (secret, work) => {
    const root = await unlock(secret)
    try {
      return await work(root)
    } finally {
      wipe(root.secretKey, root.backup.secretKey, root.backupRoot)
    }
  }
}

import { bodyOps } from './ops-b-bodies.ts'
import { sessionOps } from './ops-b-sessions.ts'
import { storageOps } from './ops-b-storage.ts'
import type { OpTable } from './types.ts'

/** Operations of pqxdh, double-ratchet, dm, sender-chain, archive, backup, sealed-archive-key, linking and attachments. */
export const opsB: OpTable = { ...sessionOps, ...bodyOps, ...storageOps }

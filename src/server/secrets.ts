import type { Database, Reader, Transaction } from './storage/database.ts'

/** The server's own keys, none of a member. They are in the database so that a backup has them. */
export type SecretKind = 'log' | 'access-token' | 'refresh-token' | 'made-up'
export type SecretRow = { id: number; value: Uint8Array; createdAt: number }

/** Newest first. */
export async function listSecrets(reader: Reader, kind: SecretKind): Promise<SecretRow[]> {
  return reader.all<SecretRow>(
    'SELECT secret_id AS id, value, created_at AS createdAt FROM secrets WHERE kind = ? ORDER BY created_at DESC, secret_id DESC',
    kind,
  )
}

export async function addSecret(
  tx: Transaction,
  kind: SecretKind,
  { value, createdAt }: { value: Uint8Array; createdAt: number },
): Promise<SecretRow> {
  const sql = 'INSERT INTO secrets (kind, value, created_at) VALUES (?, ?, ?)'
  const { lastId } = await tx.run(sql, kind, value, createdAt)
  return { id: lastId, value, createdAt }
}

/** The one secret of its kind, made on the first start. */
export async function loadSecret(
  database: Database,
  kind: SecretKind,
  fresh: { make: () => Uint8Array; now: number },
): Promise<Uint8Array> {
  return database.transaction(async (tx) => {
    const [known] = await listSecrets(tx, kind)
    if (known) return known.value
    return (await addSecret(tx, kind, { value: fresh.make(), createdAt: fresh.now })).value
  })
}

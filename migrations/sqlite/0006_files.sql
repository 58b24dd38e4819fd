-- Sealed files; their bytes lie in the folder `blobs`. kind: 'bundle' = keys of earlier messages for a newcomer.
CREATE TABLE files (
  file_id TEXT PRIMARY KEY,
  conversation_id TEXT NOT NULL,
  account_id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('bundle')),
  bytes INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER
) WITHOUT ROWID;
CREATE INDEX files_by_account ON files (account_id);
CREATE INDEX files_by_expiry ON files (expires_at) WHERE expires_at IS NOT NULL;

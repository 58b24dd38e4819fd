-- Ids are 22 characters of base64url, times epoch milliseconds.

CREATE TABLE settings (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

-- The server's own keys. A thief of this file has them: SECURITY.md says what that means.
CREATE TABLE secrets (
  secret_id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  value BLOB NOT NULL,
  created_at INTEGER NOT NULL
);
CREATE INDEX secrets_by_kind ON secrets (kind, created_at);

CREATE TABLE invites (
  invite_id TEXT PRIMARY KEY,
  created_by TEXT NOT NULL,
  auth_hash BLOB NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('member', 'host')),
  uses INTEGER NOT NULL,
  uses_left INTEGER NOT NULL CHECK (uses_left >= 0),
  expires_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  revoked_at INTEGER,
  card BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE accounts (
  account_id TEXT PRIMARY KEY,
  sign_in_name TEXT NOT NULL UNIQUE,
  role TEXT NOT NULL CHECK (role IN ('member', 'host')),
  created_at INTEGER NOT NULL,
  invited_by TEXT,
  invite_id TEXT,
  wrapped_root_seed BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE invite_uses (
  invite_id TEXT NOT NULL,
  account_id TEXT NOT NULL,
  used_at INTEGER NOT NULL,
  PRIMARY KEY (invite_id, account_id)
) WITHOUT ROWID;

-- Follows from the key log; kept beside it so that sessions and envelopes can refer to it.
CREATE TABLE devices (
  device_id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES accounts (account_id),
  created_at INTEGER NOT NULL,
  ended_at INTEGER
) WITHOUT ROWID;
CREATE INDEX devices_by_account ON devices (account_id);

CREATE TABLE sessions (
  session_id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES accounts (account_id),
  device_id TEXT NOT NULL UNIQUE REFERENCES devices (device_id),
  generation INTEGER NOT NULL,
  rotated_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_by_account ON sessions (account_id);

CREATE TABLE key_log (
  entry_index INTEGER PRIMARY KEY,
  account_id TEXT NOT NULL,
  entry BLOB NOT NULL,
  received_at INTEGER NOT NULL
);

CREATE TABLE prekeys (
  device_id TEXT NOT NULL REFERENCES devices (device_id),
  kind TEXT NOT NULL CHECK (kind IN ('signed', 'last-resort', 'one-time', 'one-time-kem')),
  prekey_id INTEGER NOT NULL,
  created_at INTEGER,
  public_key BLOB NOT NULL,
  signature BLOB,
  PRIMARY KEY (device_id, kind, prekey_id)
) WITHOUT ROWID;

CREATE TABLE slots (
  account_id TEXT NOT NULL REFERENCES accounts (account_id),
  kind INTEGER NOT NULL CHECK (kind IN (1, 2)),
  slot BLOB NOT NULL,
  auth_hash BLOB NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, kind)
) WITHOUT ROWID;

CREATE TABLE sealed_archive_keys (
  account_id TEXT NOT NULL REFERENCES accounts (account_id),
  epoch INTEGER NOT NULL,
  record BLOB NOT NULL,
  PRIMARY KEY (account_id, epoch)
) WITHOUT ROWID;

CREATE TABLE account_state (
  account_id TEXT PRIMARY KEY REFERENCES accounts (account_id),
  version INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  sealed BLOB NOT NULL
) WITHOUT ROWID;

-- subject: a keyed hash of the name that was tried, whether it exists or not.
CREATE TABLE recovery_tries (
  try_id INTEGER PRIMARY KEY,
  subject TEXT NOT NULL,
  tried_at INTEGER NOT NULL
);
CREATE INDEX recovery_tries_by_subject ON recovery_tries (subject, tried_at);

CREATE TABLE recovery_tickets (
  ticket_hash TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES accounts (account_id),
  expires_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE conversations (
  conversation_id TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('direct', 'group')),
  created_at INTEGER NOT NULL,
  last_seq INTEGER NOT NULL DEFAULT 0,
  entry_count INTEGER NOT NULL DEFAULT 0,
  head BLOB
) WITHOUT ROWID;

CREATE TABLE conversation_entries (
  conversation_id TEXT NOT NULL REFERENCES conversations (conversation_id),
  entry_index INTEGER NOT NULL,
  entry BLOB NOT NULL,
  received_at INTEGER NOT NULL,
  PRIMARY KEY (conversation_id, entry_index)
) WITHOUT ROWID;

CREATE TABLE conversation_members (
  conversation_id TEXT NOT NULL REFERENCES conversations (conversation_id),
  account_id TEXT NOT NULL REFERENCES accounts (account_id),
  role TEXT NOT NULL CHECK (role IN ('member', 'admin')),
  first_seq INTEGER NOT NULL DEFAULT 1,
  joined_at INTEGER NOT NULL,
  PRIMARY KEY (conversation_id, account_id)
) WITHOUT ROWID;
CREATE INDEX conversation_members_by_account ON conversation_members (account_id);

CREATE TABLE messages (
  conversation_id TEXT NOT NULL REFERENCES conversations (conversation_id),
  seq INTEGER NOT NULL,
  message_id TEXT NOT NULL UNIQUE,
  sender_account_id TEXT,
  sender_device_id TEXT,
  class INTEGER NOT NULL,
  body BLOB NOT NULL,
  received_at INTEGER NOT NULL,
  PRIMARY KEY (conversation_id, seq)
) WITHOUT ROWID;
CREATE INDEX messages_by_class ON messages (class, received_at);

CREATE TABLE envelopes (
  envelope_id INTEGER PRIMARY KEY AUTOINCREMENT,
  device_id TEXT NOT NULL,
  frame BLOB NOT NULL,
  created_at INTEGER NOT NULL
);
CREATE INDEX envelopes_by_device ON envelopes (device_id, envelope_id);
CREATE INDEX envelopes_by_age ON envelopes (created_at);

CREATE TABLE archive_rows (
  account_id TEXT NOT NULL,
  message_id TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  row BLOB NOT NULL,
  PRIMARY KEY (account_id, message_id)
) WITHOUT ROWID;

CREATE TABLE jobs (
  name TEXT PRIMARY KEY,
  started_at INTEGER NOT NULL,
  finished_at INTEGER,
  error TEXT
) WITHOUT ROWID;

CREATE TABLE audit (
  audit_id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  event TEXT NOT NULL,
  account_id TEXT,
  device_id TEXT,
  detail TEXT
);

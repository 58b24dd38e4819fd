-- Messages in the order in which they came, so that what one commit brings lies side by side: clustered by conversation, every post
-- rewrote a page of its own. The sender's archive row stands in the message itself; archive_rows keeps those of the others.
CREATE TABLE messages_in_order (
  message_number INTEGER PRIMARY KEY,
  conversation_id TEXT NOT NULL REFERENCES conversations (conversation_id),
  seq INTEGER NOT NULL,
  message_id TEXT NOT NULL,
  sender_account_id TEXT,
  sender_device_id TEXT,
  class INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  expires_at INTEGER,
  archive_epoch INTEGER,
  archive_row BLOB,
  body BLOB NOT NULL
);

INSERT INTO messages_in_order (conversation_id, seq, message_id, sender_account_id, sender_device_id, class, received_at,
  expires_at, archive_epoch, archive_row, body)
SELECT m.conversation_id, m.seq, m.message_id, m.sender_account_id, m.sender_device_id, m.class, m.received_at,
  m.expires_at, a.epoch, a.row, m.body
FROM messages m LEFT JOIN archive_rows a ON a.account_id = m.sender_account_id AND a.message_id = m.message_id
ORDER BY m.received_at, m.conversation_id, m.seq;

DELETE FROM archive_rows WHERE EXISTS (
  SELECT 1 FROM messages m WHERE m.message_id = archive_rows.message_id AND m.sender_account_id = archive_rows.account_id);

DROP TABLE messages;
ALTER TABLE messages_in_order RENAME TO messages;

CREATE UNIQUE INDEX messages_by_place ON messages (conversation_id, seq);
CREATE UNIQUE INDEX messages_by_id ON messages (message_id);
CREATE INDEX messages_without_history ON messages (received_at) WHERE class = 1;
CREATE INDEX messages_about_conversations ON messages (conversation_id, seq) WHERE class = 2;
CREATE INDEX messages_by_expiry ON messages (expires_at) WHERE expires_at IS NOT NULL;

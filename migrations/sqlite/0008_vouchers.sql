-- Who certified a sender chain, sealed by each person for their own devices to come: what they hand to newcomers.
CREATE TABLE vouchers (
  account_id TEXT NOT NULL,
  conversation_id TEXT NOT NULL,
  chain_id TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  row BLOB NOT NULL,
  PRIMARY KEY (account_id, conversation_id, chain_id)
) WITHOUT ROWID;

-- How many of them there are, by conversation, and with '' for it by account: what is bounded must not be counted each time.
CREATE TABLE voucher_counts (
  account_id TEXT NOT NULL,
  conversation_id TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (account_id, conversation_id)
) WITHOUT ROWID;

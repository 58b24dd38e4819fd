-- Set: this person is no longer at this home. Their key-log entries stay, and what they said to others; the row keeps the id of both.
ALTER TABLE accounts ADD COLUMN left_at INTEGER;
-- Whose doing an event was, where it is not the account itself.
ALTER TABLE audit ADD COLUMN by_account_id TEXT;

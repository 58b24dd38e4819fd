-- Whose account left an envelope: what one account may have waiting is bounded.
ALTER TABLE envelopes ADD COLUMN sender_account_id TEXT;
CREATE INDEX envelopes_by_sender ON envelopes (sender_account_id, length(frame));

-- Set: this invite lets the person of that account begin anew, and opens no new account.
ALTER TABLE invites ADD COLUMN for_account TEXT;

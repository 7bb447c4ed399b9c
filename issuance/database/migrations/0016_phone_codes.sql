-- When the account's phone was verified by a code (rule G40); 0: never.
ALTER TABLE accounts ADD COLUMN phone_verified_ms {{bigint}} NOT NULL DEFAULT 0;

-- Codes that were sent to a phone. A row without an account answers a request for an
-- account that does not exist, or has another phone: no code is accepted for it.
CREATE TABLE phone_codes (
  id         TEXT PRIMARY KEY,
  account    TEXT,
  purpose    {{int}} NOT NULL,     -- 1: verify the phone, 2: reset the password
  phone_hash {{blob}} NOT NULL,    -- blind index of the phone number
  code_hash  {{blob}} NOT NULL,    -- blind index of the code, for this row
  tries      {{int}} NOT NULL,     -- wrong attempts
  expires_ms {{bigint}} NOT NULL
){{table}};
CREATE UNIQUE INDEX phone_codes_account ON phone_codes (account, purpose);
CREATE INDEX phone_codes_expiry ON phone_codes (expires_ms);

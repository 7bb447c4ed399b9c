-- One-time codes by which a ticketing system identifies an account.
CREATE TABLE account_codes (
  hash        {{blob}} PRIMARY KEY,          -- SHA-256 of the code
  account     TEXT NOT NULL REFERENCES accounts (id),
  login       TEXT NOT NULL,                 -- the login that requested it
  client      TEXT NOT NULL,                 -- name of the staff credential that may redeem it
  challenge   TEXT NOT NULL,                 -- of RFC 7636, S256; empty: none
  made_ms     {{bigint}} NOT NULL,
  expires_ms  {{bigint}} NOT NULL,
  used_ms     {{bigint}},                    -- when it was first shown; null: never
  redeemed_ms {{bigint}}                     -- when it was redeemed; null: never
){{table}};
CREATE INDEX account_codes_account ON account_codes (account, made_ms);
CREATE INDEX account_codes_made ON account_codes (made_ms);

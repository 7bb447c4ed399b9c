-- The real-name registry (rule B): the holders of accounts, their passengers, and
-- the tickets they bought, as far as rules B4 to B7 need them.

-- An account's holder. Locking the row serializes all changes to the account's
-- rows in the registry.
CREATE TABLE holders (
  id          TEXT PRIMARY KEY REFERENCES accounts (id),
  person      {{blob}} NOT NULL,          -- encrypted
  status      {{int}} NOT NULL CHECK (status BETWEEN 1 AND 5), -- rules.Status
  tickets     {{int}} NOT NULL,           -- ever bought, for any person
  own_tickets {{int}} NOT NULL,           -- ever bought for the holder
  lost        {{blob}},                   -- keyed hash of the document that a window removed from the account
  version     {{bigint}} NOT NULL         -- of identity and status
){{table}};
CREATE INDEX holders_pre_verified ON holders (id) WHERE status = 4;

-- One person, one account (rule B11).
CREATE TABLE identities (
  person   {{blob}} PRIMARY KEY,          -- keyed hash of the document
  account  TEXT REFERENCES holders (id),  -- null: the account is closed
  until_ms {{bigint}},                    -- null: as long as the account exists
  CHECK ((account IS NULL) <> (until_ms IS NULL))
){{table}};
CREATE INDEX identities_account ON identities (account);
CREATE INDEX identities_until ON identities (until_ms) WHERE until_ms IS NOT NULL;

CREATE TABLE passengers (
  id        TEXT PRIMARY KEY,
  account   TEXT NOT NULL REFERENCES holders (id),
  document  {{blob}} NOT NULL,            -- keyed hash
  person    {{blob}} NOT NULL,            -- encrypted
  status    {{int}} NOT NULL CHECK (status BETWEEN 1 AND 5), -- rules.Status
  added_ms  {{bigint}} NOT NULL,
  tickets   {{int}} NOT NULL,             -- ever bought by the account for the passenger
  policy    TEXT NOT NULL,                -- version of the agreed privacy policy
  agreed_ms {{bigint}} NOT NULL,
  version   {{bigint}} NOT NULL,          -- of identity and status
  UNIQUE (account, document)
){{table}};
CREATE INDEX passengers_document ON passengers (document);
CREATE INDEX passengers_pre_verified ON passengers (id) WHERE status = 4;

CREATE TABLE tickets (
  reference   {{blob}} PRIMARY KEY,       -- keyed hash of the ticketing system's reference
  account     TEXT NOT NULL REFERENCES holders (id),
  passenger   TEXT,                       -- null: for the holder
  state       {{int}} NOT NULL CHECK (state BETWEEN 1 AND 3), -- registry.TicketState
  reported_ms {{bigint}} NOT NULL,
  ends_ms     {{bigint}} NOT NULL         -- end of the journey
){{table}};
CREATE INDEX tickets_account ON tickets (account, ends_ms);
CREATE INDEX tickets_end ON tickets (ends_ms);

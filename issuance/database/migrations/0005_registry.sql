-- The real-name registry (rule B): who holds accounts, whom they travel with, and
-- the tickets they bought, as far as rules B4 to B7 ask.

-- What the registry knows of an account's holder. The row is the lock under which
-- everything that the account owns here changes.
CREATE TABLE holders (
  id          TEXT PRIMARY KEY REFERENCES accounts (id),
  person      {{blob}} NOT NULL,          -- sealed
  status      {{int}} NOT NULL CHECK (status BETWEEN 1 AND 5), -- registry.Status
  tickets     {{int}} NOT NULL,           -- ever bought, for anybody
  own_tickets {{int}} NOT NULL,           -- those of them for the holder
  lost        {{blob}},                   -- keyed hash of the document that a window took from the account
  version     {{bigint}} NOT NULL         -- of identity and status
){{table}};
CREATE INDEX holders_pre_verified ON holders (id) WHERE status = 4;

-- One person, one account (rule B11).
CREATE TABLE identities (
  person   {{blob}} PRIMARY KEY,          -- keyed hash of the document
  account  TEXT REFERENCES holders (id),  -- null: the account is closed
  until_ms {{bigint}},                    -- null: as long as the account has it
  CHECK ((account IS NULL) <> (until_ms IS NULL))
){{table}};
CREATE INDEX identities_account ON identities (account);
CREATE INDEX identities_until ON identities (until_ms) WHERE until_ms IS NOT NULL;

CREATE TABLE passengers (
  id        TEXT PRIMARY KEY,
  account   TEXT NOT NULL REFERENCES holders (id),
  document  {{blob}} NOT NULL,            -- keyed hash
  person    {{blob}} NOT NULL,            -- sealed
  status    {{int}} NOT NULL CHECK (status BETWEEN 1 AND 5), -- registry.Status
  added_ms  {{bigint}} NOT NULL,
  tickets   {{int}} NOT NULL,             -- ever bought by the account for the passenger
  policy    TEXT NOT NULL,                -- version of the privacy policy that was agreed to
  agreed_ms {{bigint}} NOT NULL,
  version   {{bigint}} NOT NULL,          -- of identity and status
  UNIQUE (account, document)
){{table}};
CREATE INDEX passengers_document ON passengers (document);
CREATE INDEX passengers_pre_verified ON passengers (id) WHERE status = 4;

CREATE TABLE tickets (
  reference   {{blob}} PRIMARY KEY,       -- keyed hash of the ticketing system's reference
  account     TEXT NOT NULL REFERENCES holders (id),
  passenger   TEXT,                       -- null: the holder
  state       {{int}} NOT NULL CHECK (state BETWEEN 1 AND 3), -- book.TicketState
  reported_ms {{bigint}} NOT NULL,
  ends_ms     {{bigint}} NOT NULL         -- when the journey is over
){{table}};
CREATE INDEX tickets_account ON tickets (account, ends_ms);
CREATE INDEX tickets_end ON tickets (ends_ms);

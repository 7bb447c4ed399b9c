-- Times are Unix milliseconds. Personal fields are encrypted by the vault.

CREATE TABLE applications (
  id            TEXT PRIMARY KEY,
  access_hash   {{blob}} NOT NULL UNIQUE, -- SHA-256 of the access token
  document_type {{int}} NOT NULL,
  person        {{blob}} NOT NULL,        -- keyed hash of document type and number
  name          {{blob}} NOT NULL,        -- encrypted
  number        {{blob}} NOT NULL,        -- encrypted
  city          {{blob}} NOT NULL,        -- encrypted
  created_ms    {{bigint}} NOT NULL
){{table}};
CREATE INDEX applications_person ON applications (person);

CREATE TABLE checks (
  id          TEXT PRIMARY KEY,
  application TEXT NOT NULL REFERENCES applications (id),
  passed_ms   {{bigint}} NOT NULL,
  expires_ms  {{bigint}} NOT NULL,
  used_ms     {{bigint}}                  -- when it opened a session
){{table}};
CREATE INDEX checks_application ON checks (application);

CREATE TABLE serials (
  day        {{int}} PRIMARY KEY,
  next_index {{bigint}} NOT NULL
){{table}};

CREATE TABLE credentials (
  day         {{int}} NOT NULL,
  idx         {{bigint}} NOT NULL CHECK (idx >= 0 AND idx < 2147483648),
  application TEXT NOT NULL UNIQUE REFERENCES applications (id),
  subject     {{blob}} NOT NULL,
  scopes      {{int}} NOT NULL,
  approved_ms {{bigint}} NOT NULL,
  expires_ms  {{bigint}} NOT NULL,
  revoked_ms  {{bigint}},                 -- null: not revoked
  changed_ms  {{bigint}} NOT NULL,        -- time of the last approval, revocation or unrevocation
  PRIMARY KEY (day, idx)
){{table}};

CREATE TABLE sessions (
  id          TEXT PRIMARY KEY,
  application TEXT NOT NULL REFERENCES applications (id),
  check_id    TEXT NOT NULL UNIQUE REFERENCES checks (id),
  start_ms    {{bigint}} NOT NULL,
  pass        {{blob}},                   -- hosted sessions only
  seed        {{blob}}                    -- hosted sessions only; encrypted
){{table}};
CREATE INDEX sessions_application ON sessions (application);

-- Every revocation and unrevocation: who, why, when.
CREATE TABLE revocations (
  id     {{autoid}},
  day    {{int}} NOT NULL,
  idx    {{bigint}} NOT NULL,
  lifted {{int}} NOT NULL,                -- 1: an unrevocation
  reason TEXT NOT NULL,
  who    TEXT NOT NULL,
  at_ms  {{bigint}} NOT NULL,
  FOREIGN KEY (day, idx) REFERENCES credentials (day, idx)
){{table}};

CREATE TABLE announced_keys (
  id        {{int}} PRIMARY KEY,
  public    {{blob}} NOT NULL,
  at_ms     {{bigint}} NOT NULL,
  outbox_id {{bigint}} NOT NULL
){{table}};

CREATE TABLE stream (
  id         {{int}} PRIMARY KEY CHECK (id = 1),
  epoch      {{bigint}} NOT NULL,
  partitions {{int}} NOT NULL
){{table}};

CREATE TABLE stream_partitions (
  partition {{int}} PRIMARY KEY,
  next_seq  {{bigint}} NOT NULL
){{table}};

-- A record waits here from the commit of its change until it is in the stream.
CREATE TABLE outbox (
  id         {{autoid}},
  partition  {{int}} NOT NULL,
  seq        {{bigint}},                  -- null until numbered
  kind       {{int}} NOT NULL,
  payload    {{blob}} NOT NULL,
  created_ms {{bigint}} NOT NULL
){{table}};
CREATE UNIQUE INDEX outbox_number ON outbox (partition, seq);

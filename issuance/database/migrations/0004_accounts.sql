-- Passengers' accounts, their logins, and failures that lock.

CREATE TABLE accounts (
  id            TEXT PRIMARY KEY,
  login_index   {{blob}} NOT NULL UNIQUE, -- blind index of the login name
  login         {{blob}} NOT NULL,        -- sealed
  password      {{blob}} NOT NULL,        -- argon2id hash, sealed
  password_no   {{int}} NOT NULL,         -- how many passwords there have been
  password_ms   {{bigint}} NOT NULL,      -- when this one was chosen
  document_type {{int}} NOT NULL,
  name          {{blob}} NOT NULL,        -- sealed
  name_marks    {{int}} NOT NULL,         -- 1: was cut, 2: holds uncommon characters
  number        {{blob}} NOT NULL,        -- sealed
  nationality   {{blob}},                 -- sealed; null: the document goes without
  phone_index   {{blob}},                 -- blind index
  phone         {{blob}},                 -- sealed
  email_index   {{blob}},                 -- blind index
  email         {{blob}},                 -- sealed
  version       {{bigint}} NOT NULL,      -- of what the holder may edit
  created_ms    {{bigint}} NOT NULL
){{table}};
CREATE INDEX accounts_phone ON accounts (phone_index);
CREATE INDEX accounts_email ON accounts (email_index);

-- Which privacy policy an account agreed to, and when (rule B12).
CREATE TABLE consents (
  account TEXT NOT NULL REFERENCES accounts (id),
  version TEXT NOT NULL,
  at_ms   {{bigint}} NOT NULL,
  PRIMARY KEY (account, version)
){{table}};

CREATE TABLE logins (
  id         TEXT PRIMARY KEY,
  token_hash {{blob}} NOT NULL UNIQUE,    -- SHA-256 of the login token
  account    TEXT NOT NULL REFERENCES accounts (id),
  created_ms {{bigint}} NOT NULL,
  used_ms    {{bigint}} NOT NULL,
  expires_ms {{bigint}} NOT NULL,         -- if it is not used again
  ended_ms   {{bigint}}                   -- null: not ended yet
){{table}};
CREATE INDEX logins_account ON logins (account);
CREATE INDEX logins_expiry ON logins (expires_ms) WHERE ended_ms IS NULL;
CREATE INDEX logins_ended ON logins (ended_ms);

-- Failures by account, document and network address. What is not here has none.
CREATE TABLE failures (
  kind      TEXT NOT NULL,
  key_hash  {{blob}} NOT NULL,            -- keyed
  count     {{int}} NOT NULL,             -- since window_ms
  window_ms {{bigint}} NOT NULL,
  locks     {{int}} NOT NULL,             -- so far
  locked_ms {{bigint}} NOT NULL,          -- until then; 0: never was
  forget_ms {{bigint}} NOT NULL,          -- from then on the row means nothing
  PRIMARY KEY (kind, key_hash)
){{table}};
CREATE INDEX failures_forget ON failures (forget_ms);

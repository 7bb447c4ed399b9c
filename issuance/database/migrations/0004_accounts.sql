-- Passengers' accounts, their logins, and failures that lock.

CREATE TABLE accounts (
  id            TEXT PRIMARY KEY,
  login_index   {{blob}} NOT NULL UNIQUE, -- blind index of the login name
  login         {{blob}} NOT NULL,        -- encrypted
  password      {{blob}} NOT NULL,        -- argon2id hash, encrypted
  password_no   {{int}} NOT NULL,         -- number of passwords so far
  password_ms   {{bigint}} NOT NULL,      -- when the password was set
  document_type {{int}} NOT NULL,
  name          {{blob}} NOT NULL,        -- encrypted
  name_marks    {{int}} NOT NULL,         -- 1: truncated, 2: has uncommon characters
  number        {{blob}} NOT NULL,        -- encrypted
  nationality   {{blob}},                 -- encrypted; null: not part of the document
  phone_index   {{blob}},                 -- blind index
  phone         {{blob}},                 -- encrypted
  email_index   {{blob}},                 -- blind index
  email         {{blob}},                 -- encrypted
  version       {{bigint}} NOT NULL,      -- of the editable fields
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
  expires_ms {{bigint}} NOT NULL,         -- without further use
  ended_ms   {{bigint}}                   -- null: active
){{table}};
CREATE INDEX logins_account ON logins (account);
CREATE INDEX logins_expiry ON logins (expires_ms) WHERE ended_ms IS NULL;
CREATE INDEX logins_ended ON logins (ended_ms);

-- Failures by account, document and network address. A missing row: no failures.
CREATE TABLE failures (
  kind      TEXT NOT NULL,
  key_hash  {{blob}} NOT NULL,            -- keyed hash
  count     {{int}} NOT NULL,             -- since window_ms
  window_ms {{bigint}} NOT NULL,
  locks     {{int}} NOT NULL,             -- so far
  locked_ms {{bigint}} NOT NULL,          -- end of the lock; 0: never locked
  forget_ms {{bigint}} NOT NULL,          -- after this time the row has no effect
  PRIMARY KEY (kind, key_hash)
){{table}};
CREATE INDEX failures_forget ON failures (forget_ms);

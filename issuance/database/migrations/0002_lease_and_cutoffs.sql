-- The publisher lease. until_ms is by the database clock.
CREATE TABLE publisher_lease (
  id       {{int}} PRIMARY KEY CHECK (id = 1),
  holder   TEXT NOT NULL,
  until_ms {{bigint}} NOT NULL
){{table}};

-- Sessions that start at or after a key's cutoff are refused under the key,
-- except those of exempt credentials.
CREATE TABLE key_cutoffs (
  key_id  {{int}} PRIMARY KEY,
  cut_off {{bigint}} NOT NULL,            -- Unix seconds
  at_ms   {{bigint}} NOT NULL
){{table}};
CREATE TABLE rescued (
  key_id {{int}} NOT NULL,
  day    {{int}} NOT NULL,
  idx    {{bigint}} NOT NULL,
  at_ms  {{bigint}} NOT NULL,
  PRIMARY KEY (key_id, day, idx)
){{table}};

-- Sessions of a subject that start before its cutoff are refused.
CREATE TABLE subject_cutoffs (
  subject {{blob}} PRIMARY KEY,
  cut_off {{bigint}} NOT NULL,            -- Unix seconds
  at_ms   {{bigint}} NOT NULL
){{table}};

-- Operators' commands: who, what, when.
CREATE TABLE orders (
  id     {{autoid}},
  action TEXT NOT NULL,
  detail TEXT NOT NULL,
  who    TEXT NOT NULL,
  at_ms  {{bigint}} NOT NULL
){{table}};

-- The key that signed a session's pass; 0: unknown.
ALTER TABLE sessions ADD COLUMN key_id {{int}} NOT NULL DEFAULT 0;
CREATE INDEX sessions_start ON sessions (start_ms);

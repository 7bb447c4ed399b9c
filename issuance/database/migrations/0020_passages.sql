-- What the issuer tells gateways about passages. Keys of gateways: an id keeps its key, and
-- a key its id; a withdrawn gateway stays, so that its id and key are never used again.
CREATE TABLE gateways (
  id           {{int}} PRIMARY KEY,
  public       {{blob}} NOT NULL UNIQUE,
  announced_ms {{bigint}} NOT NULL,        -- first
  sent_ms      {{bigint}} NOT NULL,        -- when its records were last put into the outbox
  cut_off      {{bigint}},                 -- Unix seconds: refused from then on; null: not withdrawn
  withdrawn_ms {{bigint}}                  -- when cut_off was last changed
){{table}};

-- Serials whose passages up to a time do not count.
CREATE TABLE forgiven (
  day   {{int}} NOT NULL,
  idx   {{bigint}} NOT NULL,
  at_ms {{bigint}} NOT NULL,
  PRIMARY KEY (day, idx)
){{table}};

-- Times in which gates of a station neither need nor record passages.
CREATE TABLE amnesties (
  id        {{autoid}},
  station   {{blob}} NOT NULL,             -- revocation.Station; zeros: every station
  name      TEXT NOT NULL,                 -- of the station; *: every station
  scopes    {{int}} NOT NULL,              -- tokens.Scopes
  from_s    {{bigint}} NOT NULL,           -- Unix seconds
  until_s   {{bigint}} NOT NULL,           -- Unix seconds, exclusive
  reason    TEXT NOT NULL,
  who       TEXT NOT NULL,                 -- name of the staff credential
  at_ms     {{bigint}} NOT NULL,           -- when it was accepted
  sent_ms   {{bigint}} NOT NULL,           -- when its record was last put into the outbox
  UNIQUE (station, scopes, from_s, until_s)
){{table}};
CREATE INDEX amnesties_until ON amnesties (until_s);

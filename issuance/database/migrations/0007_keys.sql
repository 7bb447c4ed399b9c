-- The state of each issuer key. It decides which key signs, by the database clock, so
-- that all issuers on one database agree. Keys that are announced for load tests only
-- are not in this table.
CREATE TABLE issuer_keys (
  id           {{int}} PRIMARY KEY,
  public       {{blob}} NOT NULL,
  ordered_ms   {{bigint}} NOT NULL,       -- when its announcement was commanded
  published_ms {{bigint}},                -- when it was observed in the stream; null: not yet
  use_from_ms  {{bigint}},                -- null: not in the stream yet, and not set by an operator
  rest_ms      {{bigint}},                -- when it was deactivated; null: never
  retired_ms   {{bigint}}                 -- since when it is not announced; null: still announced
){{table}};
-- Keys below 32768 are issuers' keys. A record that has left the outbox is in the stream.
INSERT INTO issuer_keys (id, public, ordered_ms, published_ms, use_from_ms)
  SELECT id, public, at_ms,
    CASE WHEN outbox_id NOT IN (SELECT id FROM outbox) THEN at_ms END,
    CASE WHEN outbox_id NOT IN (SELECT id FROM outbox) THEN at_ms END
  FROM announced_keys WHERE id < 32768;

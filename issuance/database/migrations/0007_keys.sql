-- How far each issuer key has come. What decides which key signs stands here, by
-- the database's clock, so that all issuers on one database agree. Keys
-- that are announced for load tests only are not among them.
CREATE TABLE issuer_keys (
  id           {{int}} PRIMARY KEY,
  public       {{blob}} NOT NULL,
  ordered_ms   {{bigint}} NOT NULL,       -- when it was ordered to be announced
  published_ms {{bigint}},                -- when it was seen to be in the stream; null: not yet
  use_from_ms  {{bigint}},                -- null: not in the stream yet, and no operator has fixed it
  rest_ms      {{bigint}},                -- when it was told to sign nothing more; null: was not
  retired_ms   {{bigint}}                 -- since when it is announced no more; null: still is
){{table}};
-- Keys below 32768 are issuers' own. What has left the outbox is in the stream.
INSERT INTO issuer_keys (id, public, ordered_ms, published_ms, use_from_ms)
  SELECT id, public, at_ms,
    CASE WHEN outbox_id NOT IN (SELECT id FROM outbox) THEN at_ms END,
    CASE WHEN outbox_id NOT IN (SELECT id FROM outbox) THEN at_ms END
  FROM announced_keys WHERE id < 32768;

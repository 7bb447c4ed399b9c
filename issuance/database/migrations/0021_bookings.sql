-- A second stream, of bookings: a row for each stream in stream and publisher_lease. In
-- stream_partitions and outbox, partition p of stream n has the number 64 * (n - 1) + p.
CREATE TABLE streams (
  id         {{int}} PRIMARY KEY CHECK (id IN (1, 2)), -- 1: control, 2: bookings
  epoch      {{bigint}} NOT NULL,
  partitions {{int}} NOT NULL,
  topic      TEXT NOT NULL DEFAULT ''
){{table}};
INSERT INTO streams (id, epoch, partitions, topic) SELECT id, epoch, partitions, topic FROM stream;
DROP TABLE stream;
ALTER TABLE streams RENAME TO stream;

CREATE TABLE leases (
  id       {{int}} PRIMARY KEY CHECK (id IN (1, 2)),
  holder   TEXT NOT NULL,
  until_ms {{bigint}} NOT NULL            -- by the database clock
){{table}};
INSERT INTO leases (id, holder, until_ms) SELECT id, holder, until_ms FROM publisher_lease;
DROP TABLE publisher_lease;
ALTER TABLE leases RENAME TO publisher_lease;

-- A ticket's booking is published when its journey is near, see registry.BookedAhead. Journeys are
-- encrypted: 0 makes the issuer read the journey of a ticket from before this step.
ALTER TABLE tickets ADD COLUMN book_ms {{bigint}};   -- when the next booking record is due; null: none is
ALTER TABLE tickets ADD COLUMN booked_ms {{bigint}}; -- when the booking entered the outbox; null: it never did
ALTER TABLE tickets ADD COLUMN moves {{int}} NOT NULL DEFAULT 0; -- how often the booking went to other pseudonyms
UPDATE tickets SET book_ms = 0 WHERE state = 1 AND cancelled_ms IS NULL AND itinerary IS NOT NULL;
CREATE INDEX tickets_book ON tickets (book_ms) WHERE book_ms IS NOT NULL;
CREATE INDEX tickets_booked ON tickets (ends_ms) WHERE booked_ms IS NOT NULL;

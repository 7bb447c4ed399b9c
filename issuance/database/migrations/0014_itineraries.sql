-- Tickets carry the order, the ticketing system's reference and the journey, and may be cancelled. Those of before
-- have none of it.
ALTER TABLE tickets ADD COLUMN id TEXT;                -- names the row of the encrypted field
ALTER TABLE tickets ADD COLUMN itinerary {{blob}};     -- sealed: book.Itinerary
ALTER TABLE tickets ADD COLUMN cancelled_ms {{bigint}}; -- when the cancellation was reported; null: not cancelled
CREATE UNIQUE INDEX tickets_id ON tickets (id);

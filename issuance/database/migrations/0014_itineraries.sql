-- Tickets have the order, the ticketing system's reference and the journey, and may be
-- cancelled. Older tickets have none of these.
ALTER TABLE tickets ADD COLUMN id TEXT;                -- row name of the encrypted field
ALTER TABLE tickets ADD COLUMN itinerary {{blob}};     -- encrypted: registry.Itinerary
ALTER TABLE tickets ADD COLUMN cancelled_ms {{bigint}}; -- when the cancellation was reported; null: not cancelled
CREATE UNIQUE INDEX tickets_id ON tickets (id);

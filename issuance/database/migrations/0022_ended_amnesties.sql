-- When staff ended an amnesty early. Its end is that second, or its beginning if that is later.
ALTER TABLE amnesties ADD COLUMN ended_ms {{bigint}}; -- null: it was not ended early

-- The topic of the stream; '': not stored yet.
ALTER TABLE stream ADD COLUMN topic TEXT NOT NULL DEFAULT '';
